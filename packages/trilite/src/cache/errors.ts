import { FrameworkError } from '../support/errors';

/** Thrown when a key is empty or too long. */
export class CacheKeyInvalidError extends FrameworkError {
  static for(key: string, limit: number): CacheKeyInvalidError {
    const shown = key.length > 60 ? `${key.slice(0, 60)}…` : key;
    return new CacheKeyInvalidError({
      code: 'E_CACHE_KEY_INVALID',
      message: `The cache key "${shown}" has ${key.length} characters; a key has 1 to ${limit}, the prefix included.`,
      help: 'Shorten it, for example by hashing what varies.',
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
