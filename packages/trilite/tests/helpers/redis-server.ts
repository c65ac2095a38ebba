import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { RedisConnection } from '../../src/cache/redis/redis-connection';
import { RedisKeys } from '../../src/cache/redis/redis-keys';
import { errorCode } from '../../src/support/errors';

const START_ATTEMPTS = 5;

/** Jest may be killed in the middle of a test, and says nothing then; but what it holds open comes to an end. */
const WATCH = 'read _; kill -9 "$1"';

/** A Redis server of a test file's own, on a free port of this machine, that keeps nothing. */
export interface RedisServer {
  readonly port: number;
  readonly url: string;
  /** A connection and keys of their own, below a namespace nobody else has. */
  place(differences?: { readonly namespace?: string; readonly timeoutMs?: number }): RedisPlace;
  /** Kills it, as a crash would. */
  kill(): Promise<void>;
  /** Starts it again, empty, on the same port. */
  start(): Promise<void>;
  /** Stops it from answering, though it lives; and lets it answer again. */
  signal(signal: 'SIGSTOP' | 'SIGCONT'): void;
}

/** What a Redis store is made of. */
export interface RedisPlace {
  readonly connection: RedisConnection;
  readonly keys: RedisKeys;
}

/** Starts a server before the tests of a file, and ends it after them, together with every connection to it. */
export function useRedisServer(): RedisServer {
  const server = new TestRedisServer();
  beforeAll(() => server.launch());
  afterAll(() => server.end());
  return server;
}

class TestRedisServer implements RedisServer {
  readonly #folder = mkdtempSync(join(tmpdir(), 'trilite-redis-'));
  readonly #connections: RedisConnection[] = [];
  #child: ChildProcess | undefined;
  #watch: ChildProcess | undefined;
  #port = 0;
  #places = 0;

  get port(): number {
    return this.#port;
  }

  get url(): string {
    return `redis://127.0.0.1:${this.#port}`;
  }

  place({ namespace = `test-${(this.#places += 1)}:`, timeoutMs = 5000 } = {}): RedisPlace {
    const connection = new RedisConnection({ store: 'redis', url: this.url, timeoutMs });
    this.#connections.push(connection);
    return { connection, keys: new RedisKeys(namespace) };
  }

  /** Another may take the port that was free a moment ago: then the next one is tried. */
  async launch(): Promise<void> {
    for (let attempt = 1; ; attempt += 1) {
      this.#port = await freePort();
      try {
        return await this.start();
      } catch (error) {
        if (attempt === START_ATTEMPTS) throw error;
      }
    }
  }

  async start(): Promise<void> {
    const options = ['--port', String(this.#port), '--bind', '127.0.0.1', '--dir', this.#folder];
    const child = spawn('redis-server', [...options, '--save', '', '--appendonly', 'no'], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    this.#child = child;
    this.#watch = spawn('sh', ['-c', WATCH, 'sh', String(child.pid)], {
      stdio: ['pipe', 'ignore', 'ignore'],
    });
    await Promise.race([isReady(child), refusal(child)]);
  }

  async kill(): Promise<void> {
    const child = this.#child;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const closed = once(child, 'close');
    this.#watch?.kill('SIGKILL');
    child.kill('SIGKILL');
    await closed;
  }

  signal(signal: 'SIGSTOP' | 'SIGCONT'): void {
    this.#child?.kill(signal);
  }

  async end(): Promise<void> {
    for (const connection of this.#connections) await connection.close();
    await this.kill();
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

function isReady(child: ChildProcess): Promise<void> {
  return new Promise((resolve) => {
    let log = '';
    child.stdout?.on('data', (text: Buffer) => {
      log += text.toString();
      if (log.includes('Ready to accept connections')) resolve();
    });
  });
}

/** Rejects when there is no server to start, or it ended at once. */
async function refusal(child: ChildProcess): Promise<never> {
  const code: unknown = await once(child, 'close').then(
    ([exitCode]) => exitCode as unknown,
    (error: unknown) => errorCode(error),
  );
  throw new Error(
    code === 'ENOENT'
      ? 'These tests need a Redis server: install it with "apt-get install redis-server".'
      : `redis-server ended at once, with ${String(code)}.`,
  );
}
