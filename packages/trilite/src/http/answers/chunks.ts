import { afterResponse } from '../../support/after-response';
import { within } from '../../support/clock';
import { errorCode } from '../../support/errors';
import type { Response } from '../request';

/** What is sent at a time. */
export type StreamChunk = string | Uint8Array;

/** What is sent, and how. */
export interface ChunkParts<Item> {
  /** @param signal aborts once nobody waits for more */
  readonly open: (signal: AbortSignal) => AsyncIterable<Item>;
  readonly encode: (item: Item) => StreamChunk;
  /** Called while the first item is on its way. Default: headers leave with the first item. */
  readonly begin?: ((first: Promise<unknown>) => Promise<void>) | undefined;
  /** Ends the answer early. */
  readonly end?: AbortSignal | undefined;
}

/** How long the scope of a request is held for a source that still does something after its receiver has gone. */
const GRACE_MS = 1000;

/** How streams say that they were ended from outside. */
const ENDED = ['ABORT_ERR', 'ERR_STREAM_PREMATURE_CLOSE', 'ERR_STREAM_DESTROYED'];

/**
 * Sends what a source gives, as fast as its receiver takes it.
 *
 *     next item ──▶ write ──full──▶ wait for room ──▶ next item
 *      │  └─ error ──▶ before the first item: an answer of the error handler; after it: the connection ends, and nothing looks whole
 *      └─ none ──▶ end
 *
 * 1. Once the receiver leaves, or `end` aborts, the signal aborts, a stream is destroyed, and a generator is returned from its next `yield`.
 * 2. Until the source has ended then, but a second at most, the work of the request goes on: what it cleans up finds its tenant's files open.
 */
export function sendChunks<Item>(response: Response, parts: ChunkParts<Item>): Promise<void> {
  const controller = new AbortController();
  const { signal } = controller;
  const source = parts.open(signal);
  const leave = (): void => {
    controller.abort();
    // A stream that waits for something is told at once; a generator looks at the signal
    destroy(source);
    response.end();
  };
  response.once('close', leave);
  parts.end?.addEventListener('abort', leave);
  if (response.closed || parts.end?.aborted === true) leave();
  const ended = transfer(source, response, signal, parts).finally(() => {
    response.off('close', leave);
    parts.end?.removeEventListener('abort', leave);
  });
  afterResponse(async () => {
    await within(
      GRACE_MS,
      ended.catch(() => undefined),
    );
  });
  return ended;
}

/** Ends a source that nobody has asked for anything. */
export async function release(source: AsyncIterable<unknown>): Promise<void> {
  destroy(source);
  await source[Symbol.asyncIterator]().return?.();
}

async function transfer<Item>(
  source: AsyncIterable<Item>,
  response: Response,
  signal: AbortSignal,
  { encode, begin }: ChunkParts<Item>,
): Promise<void> {
  const iterator = source[Symbol.asyncIterator]();
  try {
    if (signal.aborted) return;
    let next = iterator.next();
    await begin?.(next);
    for (let step = await next; step.done !== true; step = await next) {
      if (isOver(signal)) return;
      if (!response.write(encode(step.value))) await roomIn(response);
      if (isOver(signal)) return;
      next = iterator.next();
    }
    response.end();
  } catch (error) {
    if (!isOver(signal) || !isEnd(error)) throw error;
  } finally {
    await iterator.return?.();
  }
}

/** A call, for TypeScript takes it that nobody aborts meanwhile. */
function isOver(signal: AbortSignal): boolean {
  return signal.aborted;
}

/** Resolves once more can be written, or nobody is there to read it. */
function roomIn(response: Response): Promise<void> {
  return new Promise((resolve) => {
    const goOn = (): void => {
      response.off('drain', goOn).off('close', goOn);
      resolve();
    };
    response.once('drain', goOn).once('close', goOn);
  });
}

function destroy(source: AsyncIterable<unknown> & { destroy?: () => void }): void {
  source.destroy?.();
}

function isEnd(error: unknown): boolean {
  return (
    ENDED.includes(errorCode(error) ?? '') ||
    (error instanceof Error && error.name === 'AbortError')
  );
}
