import { AsyncResource } from 'node:async_hooks';
import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

/** While as many wait, nothing more is read from a connection. */
const MAX_WAITING = 16;

/** The response to a request, and what answers it. */
export interface Exchange {
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
 *
 * @see https://www.rfc-editor.org/rfc/rfc9112#section-9.3.2
 */
export class ClientConnection {
  readonly #socket: Socket;
  readonly #waiting: Exchange[] = [];
  #current: Exchange | undefined;
  #isStopping = false;

  constructor(socket: Socket) {
    this.#socket = socket;
    // Node resumes it by itself, as when the body of a request has been read
    socket.on('resume', () => this.#pauseWhenFull());
  }

  /** Whether a part of an answer has left: nothing else may be sent before its end. */
  get hasBegunToAnswer(): boolean {
    return this.#current?.response.headersSent === true;
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
    exchange.response.once('close', () => this.#goOn());
    exchange.begin();
  }

  #goOn(): void {
    this.#current = undefined;
    const next = this.#waiting.shift();
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

  #pauseWhenFull(): void {
    if (this.#waiting.length >= MAX_WAITING) this.#socket.pause();
  }
}

/** Told with the answer, so that a client does not send a request into the closing. */
function askToClose(response: ServerResponse): void {
  if (!response.headersSent) response.setHeader('Connection', 'close');
}
