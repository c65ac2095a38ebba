import { createHash } from 'node:crypto';
import type { Redis } from 'ioredis';
import { errorCode, messageOf, toError } from '../../support/errors';
import { CacheDriverNotInstalledError, CacheUnavailableError } from '../errors';

/*
 * One connection of a store to its server.
 *
 *     idle ──first call──▶ opening ──▶ open ──lost──▶ resting ──▶ opening …
 *                             └──failed──▶ resting ──▶ opening …
 *     any ──close──▶ closed
 *
 * Invariants:
 * 1. Every call ends within `timeoutMs` for the connection and `timeoutMs` for the answer. While it rests, a call fails at once.
 * 2. A command is sent once at most. Nobody can tell whether one that was lost with its connection was done, so it is not sent again.
 * 3. After a loss it opens by itself, after a rest that grows up to a second.
 */

/** The longest rest between two attempts to open. */
const LONGEST_REST_MS = 1000;
const REST_STEP_MS = 50;

/** How long a server is given to end a connection too; ioredis lets the process wait for so long in any case. */
const FAREWELL_MS = 100;

/** What ioredis says of every call that was lost, whatever the reason. */
const LOST = /^(Reached the max retries per request|Connection is closed|Stream isn't writeable)/;

/** Where a store's server is. */
export interface RedisOptions {
  /** The store's name, for messages. */
  readonly store: string;
  /** `redis://` or, with TLS, `rediss://`, then `user:password@host:port/database`. */
  readonly url: string;
  /** Milliseconds a call waits for the connection, and for its answer. */
  readonly timeoutMs: number;
}

/** What a command is sent with. */
export type RedisValue = string | Buffer | number;

/** A Lua script. The server keeps it, and is asked for it by its hash. */
export interface RedisScript {
  readonly text: string;
  readonly hash: string;
}

/** A script, to be run whole or not at all. */
export function redisScript(text: string): RedisScript {
  return { text, hash: createHash('sha1').update(text).digest('hex') };
}

/** A connection to a Redis server, opened at the first call. Texts come back as Buffers. */
export class RedisConnection {
  readonly #options: RedisOptions;
  #redis: Redis | undefined;
  #opening: Promise<void> | undefined;
  #lastError: Error | undefined;
  #isClosed = false;
  /** Hashes of the scripts that were sent over this connection: their text is not sent again. */
  readonly #known = new Set<string>();
  readonly #underWay = new Set<Promise<unknown>>();

  constructor(options: RedisOptions) {
    this.#options = options;
  }

  /** Sends a command. @throws E_CACHE_UNAVAILABLE, E_CACHE_DRIVER_NOT_INSTALLED */
  send(command: string, ...values: readonly RedisValue[]): Promise<unknown> {
    return this.#ask((redis) => redis.callBuffer(command, [...values]));
  }

  /** Runs a script: nothing else happens on the server meanwhile. @throws E_CACHE_UNAVAILABLE, E_CACHE_DRIVER_NOT_INSTALLED */
  run(
    { text, hash }: RedisScript,
    keys: readonly RedisValue[],
    values: readonly RedisValue[] = [],
  ): Promise<unknown> {
    const rest = [keys.length, ...keys, ...values];
    return this.#ask((redis) => {
      const evaluate = (): Promise<unknown> => redis.callBuffer('EVAL', [text, ...rest]);
      if (!this.#known.has(hash)) {
        this.#known.add(hash);
        return evaluate();
      }
      return redis.callBuffer('EVALSHA', [hash, ...rest]).catch((error: unknown) => {
        // The server's memory for scripts is bounded, and others use it too
        if (!messageOf(toError(error)).startsWith('NOSCRIPT')) throw error;
        return evaluate();
      });
    });
  }

  /** Ends the connection, after what was asked for; twice without harm. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await Promise.allSettled(this.#underWay);
    const redis = this.#redis;
    this.#redis = undefined;
    const isLeft = redis?.status === 'ready' && (await redis.quit().catch(() => undefined));
    if (isLeft !== 'OK') redis?.disconnect();
  }

  #ask(command: (redis: Redis) => Promise<unknown>): Promise<unknown> {
    const answer = this.#answer(command).finally(() => this.#underWay.delete(answer));
    this.#underWay.add(answer);
    return answer;
  }

  async #answer(command: (redis: Redis) => Promise<unknown>): Promise<unknown> {
    const redis = await this.#open();
    try {
      return await command(redis);
    } catch (error) {
      const failure = toError(error);
      // A server that is gone without a word never answers again, and TCP finds that out after a quarter of an hour
      if (failure.message === 'Command timed out') redis.disconnect(true);
      throw this.#unavailable(failure);
    }
  }

  async #open(): Promise<Redis> {
    if (this.#isClosed) throw this.#unavailable(new Error('The connection was closed.'));
    this.#redis ??= this.#create();
    const redis = this.#redis;
    // The usual case, in the same turn: calls are sent in the order they are made
    if (redis.status === 'ready') return redis;
    if (!['wait', 'connecting', 'connect'].includes(redis.status)) throw this.#unavailable();
    this.#opening ??= opened(redis).finally(() => (this.#opening = undefined));
    await this.#opening.catch((error: unknown) => {
      throw this.#unavailable(toError(error));
    });
    return redis;
  }

  #create(): Redis {
    const { url, timeoutMs } = this.#options;
    const redis = new (this.#load().Redis)(url, {
      lazyConnect: true,
      connectTimeout: timeoutMs,
      commandTimeout: timeoutMs,
      disconnectTimeout: FAREWELL_MS,
      retryStrategy: (attempts) => Math.min(attempts * REST_STEP_MS, LONGEST_REST_MS),
      // Who fails at once becomes a miss at once; and nothing is done long after its caller was told that it failed
      enableOfflineQueue: false,
      maxRetriesPerRequest: 0,
      autoResendUnfulfilledCommands: false,
      // A server that is loading its data says so to every command
      enableReadyCheck: false,
      disableClientInfo: true,
    });
    redis.on('error', (error: Error) => (this.#lastError = error));
    redis.on('ready', () => {
      this.#lastError = undefined;
      this.#known.clear();
    });
    return redis;
  }

  #load(): typeof import('ioredis') {
    try {
      // Optional: only who has such a store installs it
      return require('ioredis') as typeof import('ioredis');
    } catch (error) {
      if (errorCode(error) !== 'MODULE_NOT_FOUND') throw error;
      throw CacheDriverNotInstalledError.of(this.#options.store, 'ioredis');
    }
  }

  #unavailable(error = new Error('Connection is closed.')): CacheUnavailableError {
    const cause = LOST.test(messageOf(error)) ? (this.#lastError ?? lost(error)) : error;
    return CacheUnavailableError.atServer(this.#options.store, this.#address(), cause);
  }

  /** Without the password. */
  #address(): string {
    return URL.canParse(this.#options.url) ? new URL(this.#options.url).host : 'its address';
  }
}

/** Resolves when it is open, rejects when the attempt failed. */
function opened(redis: Redis): Promise<void> {
  return new Promise((resolve, reject) => {
    const settle = (): void => {
      redis.off('ready', settle).off('close', settle);
      if (redis.status === 'ready') resolve();
      else reject(new Error('Connection is closed.'));
    };
    redis.on('ready', settle).on('close', settle);
    if (redis.status === 'wait') redis.connect().catch(() => undefined);
  });
}

function lost(cause: Error): Error {
  return new Error('The connection was lost.', { cause });
}
