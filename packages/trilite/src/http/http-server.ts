import { createServer, type RequestListener, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { ListenError } from './errors';

/** Where a server listens. */
export interface ListenOptions {
  readonly host: string;
  /** 0 takes a free one. */
  readonly port: number;
}

/** A web server that stops without dropping anybody: it answers what it accepted, then closes. */
export class HttpServer {
  readonly #server: Server;
  readonly #open = new Set<ServerResponse>();
  #isStopping = false;
  #stopped: Promise<void> | undefined;

  constructor(listener: RequestListener) {
    this.#server = createServer((request, response) => {
      this.#open.add(response);
      response.once('close', () => this.#open.delete(response));
      if (this.#isStopping) askToClose(response);
      listener(request, response);
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

  async #close(deadlineMs: number): Promise<void> {
    this.#isStopping = true;
    for (const response of this.#open) askToClose(response);
    const timer = setTimeout(() => this.#server.closeAllConnections(), deadlineMs);
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
    clearTimeout(timer);
  }
}

/** Told with the answer, so that a kept-alive connection neither sends a request into the closing nor keeps the server open. */
function askToClose(response: ServerResponse): void {
  if (!response.headersSent) response.setHeader('Connection', 'close');
}

function addressOf({ address, family, port }: AddressInfo): string {
  const isLocal = ['127.0.0.1', '::1', '0.0.0.0', '::'].includes(address);
  return `http://${isLocal ? 'localhost' : family === 'IPv6' ? `[${address}]` : address}:${port}`;
}
