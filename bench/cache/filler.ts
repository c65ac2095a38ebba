import { openApplication } from '../lib/application';
import { errorCodeOf } from '../lib/errors';
import { monotonicMs } from '../lib/time';

// Runs in a process of its own: puts entries under new keys into a cache, without a pause, and gets one after each.

/** What a process is to fill, and for how long. */
export interface FillOrder {
  readonly folder: string;
  readonly seconds: number;
}

/** What it has to say of it. */
export interface FillReport {
  readonly puts: number;
  /** Of as many gets as puts, those that found an entry. */
  readonly hits: number;
  /** How long each call took, in milliseconds. */
  readonly putMs: Float64Array;
  readonly getMs: Float64Array;
  /** Calls that became misses, for the file did not answer. */
  readonly unanswered: number;
  /** The codes of the errors that came out of a call. */
  readonly errors: readonly string[];
}

const BYTES = [100, 400, 1000, 4000];
/** Gets go to one of so many keys that were put last. */
const RECENT = 5000;

export async function fillFor({ folder, seconds }: FillOrder): Promise<FillReport> {
  const app = await openApplication(folder);
  const cache = app.cache();
  const errors: string[] = [];
  let unanswered = 0;
  app.caches.events.listen(({ kind }) => {
    if (kind === 'unavailable') unanswered += 1;
  });
  const putMs: number[] = [];
  const getMs: number[] = [];
  let hits = 0;
  const keyOf = (put: number): string => `${process.pid}:${put}`;
  const end = monotonicMs() + seconds * 1000;
  for (let put = 0; monotonicMs() < end; put += 1) {
    putMs.push(await took(() => cache.put(keyOf(put), valueOf(put)), errors));
    const get = async (): Promise<void> => {
      const value = await cache.get(keyOf(Math.max(0, put - ((put * 7919) % RECENT))));
      if (value !== undefined) hits += 1;
    };
    getMs.push(await took(get, errors));
  }
  await app.close();
  const all = { putMs: Float64Array.from(putMs), getMs: Float64Array.from(getMs) };
  return { puts: putMs.length, hits, ...all, unanswered, errors };
}

/** An object of a size that differs from put to put. No two are the same. */
function valueOf(put: number): object {
  return { id: put, body: '.'.repeat(BYTES[put % BYTES.length] ?? 0) };
}

/** How many milliseconds a call takes. What it throws is noted. */
async function took(call: () => Promise<void>, errors: string[]): Promise<number> {
  const startedAt = monotonicMs();
  try {
    await call();
  } catch (error) {
    errors.push(errorCodeOf(error));
  }
  return monotonicMs() - startedAt;
}
