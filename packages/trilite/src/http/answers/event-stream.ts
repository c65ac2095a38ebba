import { nextTurn } from '../../support/clock';
import { toMilliseconds, type Duration } from '../../support/duration';
import type { Request, Response } from '../request';
import { stopOf } from '../server-stop';
import { sendChunks } from './chunks';
import { AnswerInvalidError } from './errors';
import { jsonForm } from './json-form';
import { Responder } from './responder';

/** An event as it goes to the browser. */
export interface ServerEvent {
  /** What listeners are added for. Default: `message`. */
  readonly event?: string | undefined;
  /** What the browser sends back as `Last-Event-ID` when it connects anew. */
  readonly id?: string | number | undefined;
  /** Text as it is, all else as JSON. Without it nobody is told of the event. */
  readonly data?: unknown;
  /** How long the browser waits before it connects anew. */
  readonly retry?: Duration | undefined;
}

/** What the source of events is told. */
export interface EventStreamContext {
  /** Aborts once the client leaves, or the server is to stop. What waits for the next event has to listen to it. */
  readonly signal: AbortSignal;
  /** The `id` of the last event that the browser got, when it connects anew. */
  readonly lastEventId: string | undefined;
}

/** How events are sent. */
export interface EventStreamOptions {
  /** After how long a comment shows that the connection is alive, again and again. Default: `'15s'`. */
  readonly heartbeat?: Duration;
}

/** What gives events. */
export type EventSourceFunction = (context: EventStreamContext) => AsyncIterable<ServerEvent>;

class EventStream extends Responder {
  readonly #open: EventSourceFunction;
  readonly #heartbeatMs: number;

  constructor(open: EventSourceFunction, { heartbeat = '15s' }: EventStreamOptions) {
    super();
    this.#open = open;
    this.#heartbeatMs = toMilliseconds(heartbeat);
    if (!(this.#heartbeatMs > 0)) {
      throw new RangeError(
        `Expected \`heartbeat\` to be longer than nothing, got \`${String(heartbeat)}\`.`,
      );
    }
  }

  async respond(request: Request, response: Response): Promise<void> {
    prepare(response);
    if (request.method === 'HEAD') {
      response.end();
      return;
    }
    let beat: NodeJS.Timeout | undefined;
    try {
      await sendChunks(response, {
        open: (signal) => this.#open({ signal, lastEventId: lastEventId(request) }),
        encode: encodeEvent,
        end: stopOf(request),
        begin: async (first) => {
          // What fails at once is answered as any other error: the browser does not connect again and again
          await Promise.race([first, nextTurn()]);
          response.flushHeaders();
          beat = setInterval(() => sendHeartbeat(response), this.#heartbeatMs).unref();
        },
      });
    } finally {
      clearInterval(beat);
    }
  }
}

/**
 * The answer that tells a browser's `EventSource` of one event after the other, for as long as the browser stays.
 *
 * It runs in the work of the request. When the browser leaves, or the server is to stop, the signal aborts and the generator is returned from its
 * `yield`; a stop does not wait for it.
 *
 * @see https://html.spec.whatwg.org/multipage/server-sent-events.html
 * @example
 * import { eventStream } from 'trilite';
 *
 * export class ProgressController {
 *   show() {
 *     return eventStream(async function* ({ lastEventId }) {
 *       for (let step = Number(lastEventId ?? 0) + 1; step <= 3; step += 1) {
 *         yield { event: 'progress', id: step, data: { step, of: 3 } };
 *       }
 *     });
 *   }
 * }
 */
export function eventStream(
  events: EventSourceFunction,
  options: EventStreamOptions = {},
): Responder {
  return new EventStream(events, options);
}

/** An event as text. @throws E_ANSWER_INVALID */
export function encodeEvent({ event, id, data, retry }: ServerEvent): string {
  const lines = [
    ...(event === undefined ? [] : [`event: ${oneLine('event', event)}`]),
    ...(id === undefined ? [] : [`id: ${oneLine('id', String(id))}`]),
    ...(retry === undefined ? [] : [`retry: ${wholeMs(retry)}`]),
    ...(data === undefined ? [] : textOf(data).map((line) => `data: ${line}`)),
  ];
  return `${lines.join('\n')}\n\n`;
}

function textOf(data: unknown): readonly string[] {
  const text = typeof data === 'string' ? data : JSON.stringify(jsonForm(data));
  return text.split(/\r\n|\r|\n/);
}

/** Another line would be another field: what people write could make up events. */
function oneLine(field: string, value: unknown): string {
  // eslint-disable-next-line no-control-regex -- browsers drop an id with a NUL in it
  if (typeof value === 'string' && !/[\r\n\x00]/.test(value)) return value;
  throw AnswerInvalidError.eventField(field, value);
}

function wholeMs(retry: Duration): number {
  const milliseconds = Math.round(toMilliseconds(retry));
  if (milliseconds < 0) throw AnswerInvalidError.eventField('retry', retry);
  return milliseconds;
}

/** Set by hand: express would add a charset, which is always UTF-8. */
function prepare(response: Response): void {
  response.setHeader('Content-Type', 'text/event-stream');
  response.setHeader('Cache-Control', 'no-store, no-transform');
  response.setHeader('X-Accel-Buffering', 'no');
  // Kept alive after its end, the connection would keep a server that stops
  response.setHeader('Connection', 'close');
}

function sendHeartbeat(response: Response): void {
  if (!response.writableNeedDrain && !response.writableEnded) response.write(':\n\n');
}

/** Node reads headers as Latin characters; browsers write this one as UTF-8. */
function lastEventId(request: Request): string | undefined {
  const header = request.get('Last-Event-ID');
  return header === undefined ? undefined : Buffer.from(header, 'latin1').toString();
}
