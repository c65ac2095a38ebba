import type { Request, Response } from '../request';
import { attach } from './attachment';
import { release, sendChunks, type StreamChunk } from './chunks';
import { Responder } from './responder';

/** A source, or what opens one: given a signal that aborts once nobody waits for more. */
export type StreamSource =
  AsyncIterable<StreamChunk> | ((context: StreamContext) => AsyncIterable<StreamChunk>);

/** What a source is told. */
export interface StreamContext {
  /** Aborts once the client leaves. */
  readonly signal: AbortSignal;
}

/** What a stream is. */
export interface StreamOptions {
  /** A media type, or what a file of it ends in: `'csv'`. */
  readonly type?: string | undefined;
}

class StreamAnswer extends Responder {
  readonly #source: StreamSource;
  readonly #prepare: (response: Response) => void;

  constructor(source: StreamSource, prepare: (response: Response) => void) {
    super();
    this.#source = source;
    this.#prepare = prepare;
  }

  async respond(request: Request, response: Response): Promise<void> {
    this.#prepare(response);
    const source = this.#source;
    if (request.method === 'HEAD') {
      if (typeof source !== 'function') await release(source);
      response.end();
      return;
    }
    await sendChunks(response, {
      open: (signal) => (typeof source === 'function' ? source({ signal }) : source),
      encode: (chunk) => chunk,
    });
  }
}

/**
 * The answer that a generator or a stream gives bit by bit, in the work of the request, and no faster than the client reads. When the client
 * leaves, a generator is returned from its `yield`, and a stream destroyed.
 *
 * An error before the first bit is answered as any other; one after it ends the connection, so that no answer looks whole which is not.
 *
 * @param options `type`: default plain text
 * @example
 * import { stream } from 'trilite';
 *
 * export class CountController {
 *   show() {
 *     return stream(count());
 *   }
 * }
 *
 * async function* count() {
 *   for (let number = 1; number <= 1000; number += 1) yield `${number}\n`;
 * }
 */
export function stream(source: StreamSource, { type }: StreamOptions = {}): Responder {
  return new StreamAnswer(source, (response) => {
    if (type !== undefined) response.type(type);
    else if (!response.hasHeader('Content-Type')) response.type('txt');
    response.setHeader('X-Content-Type-Options', 'nosniff');
  });
}

/**
 * The answer that the browser keeps as a file which lies nowhere: text, bytes, or what a generator or a stream gives.
 *
 * @param name as which it is kept; people may have chosen it
 * @param options `type`: default what the name ends in
 */
export function downloadContent(
  content: StreamChunk | StreamSource,
  name: string,
  { type }: StreamOptions = {},
): Responder {
  const prepare = (response: Response): void => {
    attach(response, name);
    if (type !== undefined) response.type(type);
    response.setHeader('X-Content-Type-Options', 'nosniff');
  };
  return typeof content === 'string' || content instanceof Uint8Array
    ? new ContentAnswer(content, prepare)
    : new StreamAnswer(content, prepare);
}

class ContentAnswer extends Responder {
  readonly #content: StreamChunk;
  readonly #prepare: (response: Response) => void;

  constructor(content: StreamChunk, prepare: (response: Response) => void) {
    super();
    this.#content = content;
    this.#prepare = prepare;
  }

  respond(_request: Request, response: Response): void {
    this.#prepare(response);
    response.send(Buffer.from(this.#content));
  }
}
