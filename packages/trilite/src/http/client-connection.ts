import { AsyncResource } from 'node:async_hooks';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

/** While as many wait, nothing more is read from a connection. */
const MAX_WAITING = 16;

/** A request, its response, and what answers it. */
export interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly begin: () => void;
}

/**
 * A connection, whose requests are answered one after the other, however many its client sends at once.
 *
 *     idle ──take──▶ answering ──response closed──▶ the next that waits, or idle
 *
 * 1. A request begins once the one before it is answered. Its response has the socket by then, so it closes whatever becomes of the client: node
 *    never closes one that still waits for the socket when the connection ends, and what hangs on its close would stay for ever.
 * 2. What waits when the connection ends is never begun.
 * 3. What waits is bounded by what node had read before the connection was paused.
 * 4. What is not HTTP is refused once the whole requests before it are answered, and nothing is said into an answer that has begun.
 *
 * @see https://www.rfc-editor.org/rfc/rfc9112#section-9.3.2
 */
export class ClientConnection {
  readonly #socket: Socket;
  readonly #waiting: Exchange[] = [];
  #current: Exchange | undefined;
  #isStopping = false;
  /** What is to be said of what came after the requests that are whole. */
  #refusal: string | undefined;

  constructor(socket: Socket) {
    this.#socket = socket;
    // Node resumes it by itself, as when the body of a request has been read
    socket.on('resume', () => this.#pauseWhenFull());
  }

  /** Whether its client keeps an answer from leaving, or nothing of it is being answered. */
  get waitsForClient(): boolean {
    return this.#current === undefined || this.#socket.writableLength > 0;
  }

  /** Begins a request, or lets it wait for those before it. */
  take(exchange: Exchange): void {
    if (this.#current === undefined) {
      this.#begin(exchange);
      return;
    }
    // Or it would begin in the work of the request before it, whose end calls it
    this.#waiting.push({ ...exchange, begin: AsyncResource.bind(exchange.begin) });
    this.#pauseWhenFull();
  }

  /** Ends it with a text for what came in and is no request, or no more of one. */
  refuse(text: string): void {
    if (this.#current?.request.complete === true) this.#refusal = text;
    else if (this.#current?.response.headersSent === true) this.#socket.destroy();
    else this.#end(text);
  }

  /** Closes it after the answer that is on its way, or at once where there is none: with half a request, too. Resolves when it is closed. */
  stop(): Promise<void> {
    this.#isStopping = true;
    const closed = new Promise<void>((resolve) => this.#socket.once('close', () => resolve()));
    if (this.#current === undefined) this.#socket.destroy();
    else askToClose(this.#current.response);
    return closed;
  }

  #begin(exchange: Exchange): void {
    this.#current = exchange;
    if (this.#isStopping) askToClose(exchange.response);
    // After all that hangs on the close of this one
    exchange.response.once('close', () => process.nextTick(() => this.#goOn()));
    exchange.begin();
  }

  #goOn(): void {
    this.#current = undefined;
    const next = this.#waiting.shift();
    if (this.#refusal !== undefined && next?.request.complete !== true) {
      this.#end(this.#refusal);
      return;
    }
    if (next === undefined) {
      if (this.#isStopping) this.#socket.destroySoon();
      return;
    }
    if (next.response.socket === null) {
      // The connection has ended, or ends with the answer before
      this.#waiting.length = 0;
      return;
    }
    if (this.#waiting.length === MAX_WAITING - 1) this.#socket.resume();
    this.#begin(next);
  }

  #end(lastWords: string): void {
    this.#waiting.length = 0;
    if (this.#socket.writable) this.#socket.end(lastWords, () => this.#socket.destroy());
    else this.#socket.destroy();
  }

  #pauseWhenFull(): void {
    if (this.#waiting.length >= MAX_WAITING) this.#socket.pause();
  }
}

/** Told with the answer, so that a client does not send a request into the closing. */
function askToClose(response: ServerResponse): void {
  if (!response.headersSent) response.setHeader('Connection', 'close');
}
