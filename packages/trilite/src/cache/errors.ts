import { humanBytes } from '../support/bytes';
import { humanDuration } from '../support/duration';
import { FrameworkError, messageOf } from '../support/errors';
import { pidOfOwner } from '../support/owner';

/** Thrown when a key is empty, too long, or no well-formed text. */
export class CacheKeyInvalidError extends FrameworkError {
  static tooLong(key: string, limit: number): CacheKeyInvalidError {
    const shown = key.length > 60 ? `${key.slice(0, 60)}…` : key;
    return new CacheKeyInvalidError({
      code: 'E_CACHE_KEY_INVALID',
      message: `The cache key "${shown}" has ${key.length} characters; a key has 1 to ${limit}, the prefix included.`,
      help: 'Shorten it, for example by hashing what varies.',
    });
  }

  static malformed(key: string): CacheKeyInvalidError {
    return new CacheKeyInvalidError({
      code: 'E_CACHE_KEY_INVALID',
      message: `The cache key "${key}" has half of a surrogate pair in it, which no file can keep.`,
      help: 'Cut texts between characters, for example with [...text].slice(0, 20).join("").',
    });
  }
}

/** Thrown when a value that is no number is incremented. */
export class CacheValueNotNumericError extends FrameworkError {
  static at(key: string): CacheValueNotNumericError {
    return new CacheValueNotNumericError({
      code: 'E_CACHE_VALUE_NOT_NUMERIC',
      message: `The cache entry "${key}" holds no number, so it cannot be incremented.`,
      help: 'Use another key for the counter, or forget this one first.',
    });
  }
}

/** Thrown when a typed getter finds a value of another type. */
export class CacheValueTypeError extends FrameworkError {
  static at(key: string, expected: string, found: string): CacheValueTypeError {
    return new CacheValueTypeError({
      code: 'E_CACHE_VALUE_TYPE',
      message: `The cache entry "${key}" holds ${found}, and ${expected} was asked for.`,
      help: 'Ask for what is put there, or use another key.',
    });
  }
}

/** Thrown when a value is too large for a cache. */
export class CacheValueTooLargeError extends FrameworkError {
  static at(key: string, bytes: number, limit: number): CacheValueTooLargeError {
    return new CacheValueTooLargeError({
      code: 'E_CACHE_VALUE_TOO_LARGE',
      message: `The value for the cache entry "${key}" takes ${humanBytes(bytes)}; one may take ${humanBytes(limit)}.`,
      help: 'Keep it in a file, and its path in the cache; or split it.',
    });
  }
}

/** Thrown when the computation of a value asks for that very value: it would wait for itself. */
export class CacheRecursionError extends FrameworkError {
  static at(key: string): CacheRecursionError {
    return new CacheRecursionError({
      code: 'E_CACHE_RECURSION',
      message: `The value of the cache entry "${key}" is computed from itself: what "remember" is to compute asks for the same key.`,
      help: 'Compute it from another key, or read what is there with "get".',
    });
  }
}

/**
 * Thrown by a store that does not answer: its file is damaged, gone, full or locked, its server not reached. A `CacheRepository` makes a
 * miss of it.
 */
export class CacheUnavailableError extends FrameworkError {
  static because(store: string, cause: Error): CacheUnavailableError {
    return new CacheUnavailableError({
      code: 'E_CACHE_UNAVAILABLE',
      message: `The cache store "${store}" does not answer: ${cause.message}`,
      help: cause instanceof FrameworkError ? cause.help : 'Look at what caused it.',
      status: 503,
      cause,
    });
  }

  static atServer(store: string, address: string, cause: Error): CacheUnavailableError {
    return new CacheUnavailableError({
      code: 'E_CACHE_UNAVAILABLE',
      message: `The cache store "${store}" does not answer: its server at ${address} failed with "${messageOf(cause)}".`,
      help: 'Look after the server, or correct the "url" of the store in config/cache.ts.',
      status: 503,
      cause,
    });
  }
}

/** Thrown when a store is asked for that config/cache.ts does not declare. */
export class CacheStoreUnknownError extends FrameworkError {
  static named(name: string, known: readonly string[]): CacheStoreUnknownError {
    return new CacheStoreUnknownError({
      code: 'E_CACHE_STORE_UNKNOWN',
      message: `The cache store "${name}" is not declared; there are: ${known.join(', ')}.`,
      help: 'Declare it under "stores" in config/cache.ts.',
    });
  }
}

/** Thrown when a store has a driver that nobody has added. */
export class CacheDriverUnknownError extends FrameworkError {
  static named(driver: string, store: string, known: readonly string[]): CacheDriverUnknownError {
    const added = known.length === 0 ? 'none was added' : `there are: ${known.join(', ')}`;
    return new CacheDriverUnknownError({
      code: 'E_CACHE_DRIVER_UNKNOWN',
      message: `The cache store "${store}" wants the custom driver "${driver}"; ${added}.`,
      help: `Add it in the "boot" of a provider: resolver.make(CacheRegistry).extend("${driver}", factory).`,
    });
  }
}

/** Thrown when a store needs a package that is not installed. */
export class CacheDriverNotInstalledError extends FrameworkError {
  static of(store: string, name: string): CacheDriverNotInstalledError {
    return new CacheDriverNotInstalledError({
      code: 'E_CACHE_DRIVER_NOT_INSTALLED',
      message: `The cache store "${store}" needs the package "${name}", which is not installed.`,
      help: `Run "npm install ${name}".`,
    });
  }
}

/** Thrown when a lock has no name, too long a one, or one that is no text of Unicode. */
export class LockNameInvalidError extends FrameworkError {
  static for(name: string, limit: number): LockNameInvalidError {
    const shown = name.length > 60 ? `${name.slice(0, 60)}…` : name;
    return new LockNameInvalidError({
      code: 'E_LOCK_NAME_INVALID',
      message: `The lock name "${shown}" has ${name.length} characters; a name has 1 to ${limit}, the prefix included, and no half of a surrogate pair.`,
      help: 'Shorten it, for example by hashing what varies.',
    });
  }
}

/** What is told of who holds a lock. Times are epoch milliseconds. */
interface Holder {
  readonly owner: string;
  readonly boundTo: string | undefined;
  readonly acquiredAt: number;
}

/** Thrown when a lock did not come free in the time somebody waited for it. */
export class LockTimeoutError extends FrameworkError {
  static after(waitedMs: number, name: string, holders: readonly Holder[]): LockTimeoutError {
    return new LockTimeoutError({
      code: 'E_LOCK_TIMEOUT',
      message: `The lock "${name}" did not come free in ${humanDuration(waitedMs)}: ${holdersAsText(holders)}.`,
      help: 'Wait for longer, hold it for less long, or see who holds it: "artisan cache:locks". Its option "--release" takes a lock away.',
      status: 503,
    });
  }
}

function holdersAsText(holders: readonly Holder[]): string {
  const [first, ...others] = holders;
  if (first === undefined) return 'others took it each time, and nobody holds it now';
  const more = others.length === 0 ? '' : `, and ${others.length} more hold the others`;
  const since = new Date(first.acquiredAt).toISOString();
  return `${ownerAsText(first)} holds it since ${since}${more}`;
}

function ownerAsText({ owner, boundTo }: Holder): string {
  const pid = pidOfOwner(boundTo ?? owner);
  if (pid === undefined) return `the owner "${owner}"`;
  return pid === process.pid ? `this process (pid ${pid})` : `the process with pid ${pid}`;
}

/** Thrown when a named rate limit is asked for that nobody has declared. */
export class RateLimiterUnknownError extends FrameworkError {
  static named(name: string, known: readonly string[]): RateLimiterUnknownError {
    return new RateLimiterUnknownError({
      code: 'E_RATE_LIMITER_UNKNOWN',
      message: `The rate limiter "${name}" is not declared; there are: ${known.length === 0 ? 'none' : known.join(', ')}.`,
      help: `Declare it in the "boot" of a provider: resolver.make(RateLimiter).for("${name}", …).`,
    });
  }
}
