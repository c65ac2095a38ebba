import { setMaxListeners } from 'node:events';
import { createServer, STATUS_CODES, type RequestListener, type Server } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { errorCode } from '../support/errors';
import { ClientConnection } from './client-connection';
import { ListenError } from './errors';
import { noteStop } from './server-stop';

/** Where a server listens. */
export interface ListenOptions {
  readonly host: string;
  /** 0 takes a free one. */
  readonly port: number;
}

/** How long a server waits for its clients, and how much of them it takes. */
export interface ServerLimits {
  /** Milliseconds for a whole request to come in, body included. Default: 2 minutes. */
  readonly requestTimeoutMs?: number;
  /** Milliseconds for its headers, `requestTimeoutMs` at most. Default: 20 seconds. */
  readonly headersTimeoutMs?: number;
  /** Milliseconds until a connection without a request is closed. Default: 65 seconds. */
  readonly keepAliveTimeoutMs?: number;
  /** Milliseconds until a client that takes nothing of its answer is let go. Default: 60 seconds. */
  readonly sendTimeoutMs?: number;
  /** Most bytes of the headers of a request. Default: 16384. */
  readonly maxHeaderBytes?: number;
}

/** What is wrong with a request that never became one, by the code of node's error. Everything else is malformed. */
const REFUSALS: Readonly<Record<string, readonly [status: number, detail: string]>> = {
  ERR_HTTP_REQUEST_TIMEOUT: [408, 'The request takes too long to come in.'],
  HPE_HEADER_OVERFLOW: [431, 'The headers of the request are too large.'],
  HPE_CHUNK_EXTENSIONS_OVERFLOW: [413, 'The body of the request is too large.'],
};
const MALFORMED = [400, 'The request is malformed.'] as const;

/**
 * A web server that stops without dropping anybody: it answers what it accepted, then closes. Clients that send too slowly, too much or nothing that is
 * HTTP are answered and let go, and so are those that take nothing of their answer. Answers without an end are told to end when it stops.
 */
export class HttpServer {
  readonly #server: Server;
  readonly #connections = new Map<Duplex, ClientConnection>();
  readonly #stopping = new AbortController();
  #stopped: Promise<void> | undefined;

  constructor(listener: RequestListener, limits: ServerLimits = {}) {
    const { sendTimeoutMs = 60_000 } = limits;
    this.#server = createServer(optionsOf(limits), (request, response) => {
      const begin = (): void => listener(request, response);
      this.#connections.get(request.socket)?.take({ request, response, begin });
    });
    // Told of any connection on which nothing has moved for so long
    this.#server.timeout = sendTimeoutMs;
    this.#server.on('clientError', (error, socket) => this.#refuse(error, socket));
    this.#server.on('timeout', (socket: Socket) => {
      if (this.#connections.get(socket)?.waitsForClient !== false) socket.destroy();
    });
    const { signal } = this.#stopping;
    setMaxListeners(0, signal); // as many as there are open event streams
    this.#server.on('connection', (socket) => {
      noteStop(socket, signal);
      this.#connections.set(socket, new ClientConnection(socket));
      socket.once('close', () => this.#connections.delete(socket));
    });
  }

  /**
   * Starts to listen.
   *
   * @returns the address people can open
   * @throws E_LISTEN when the port is taken or not allowed
   */
  start({ host, port }: ListenOptions): Promise<string> {
    return new Promise((resolve, reject) => {
      this.#server.once('error', (error) => reject(ListenError.at(host, port, error)));
      this.#server.listen(port, host, () =>
        resolve(addressOf(this.#server.address() as AddressInfo)),
      );
    });
  }

  /** Stops accepting, waits for open requests up to the deadline, then ends their connections. Twice without harm. */
  stop(deadlineMs: number): Promise<void> {
    this.#stopped ??= this.#close(deadlineMs);
    return this.#stopped;
  }

  /** Without a request there is nothing that could go through the kernel: no header of it is sure. */
  #refuse(error: Error, socket: Duplex): void {
    const code = errorCode(error) ?? '';
    const connection = this.#connections.get(socket);
    if (connection === undefined || !socket.writable || code === 'ECONNRESET') {
      socket.destroy();
      return;
    }
    connection.refuse(refusal(...(REFUSALS[code] ?? MALFORMED)));
  }

  async #close(deadlineMs: number): Promise<void> {
    const closings = [...this.#connections.values()].map((connection) => connection.stop());
    this.#stopping.abort();
    const timer = setTimeout(() => this.#server.closeAllConnections(), deadlineMs);
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
    clearTimeout(timer);
    // Node's close comes before the sockets', on which that of their responses and the work after these hang
    await Promise.all(closings);
  }
}

function optionsOf({
  requestTimeoutMs = 120_000,
  headersTimeoutMs = Math.min(20_000, requestTimeoutMs),
  keepAliveTimeoutMs = 65_000,
  maxHeaderBytes = 16_384,
}: ServerLimits) {
  return {
    requestTimeout: requestTimeoutMs,
    headersTimeout: headersTimeoutMs,
    keepAliveTimeout: keepAliveTimeoutMs,
    maxHeaderSize: maxHeaderBytes,
    // Node looks only as often whether a time is over
    connectionsCheckingInterval: Math.max(10, Math.min(5000, headersTimeoutMs / 2)),
  };
}

function refusal(status: number, detail: string): string {
  const title = STATUS_CODES[status] ?? 'Error';
  const body = JSON.stringify({ type: 'about:blank', status, title, detail });
  return [
    `HTTP/1.1 ${status} ${title}`,
    'Content-Type: application/problem+json',
    `Content-Length: ${Buffer.byteLength(body)}`,
    'Connection: close',
    '',
    body,
  ].join('\r\n');
}

function addressOf({ address, family, port }: AddressInfo): string {
  const isLocal = ['127.0.0.1', '::1', '0.0.0.0', '::'].includes(address);
  return `http://${isLocal ? 'localhost' : family === 'IPv6' ? `[${address}]` : address}:${port}`;
}
