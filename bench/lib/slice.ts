import { monotonicMs } from './time';

/** For how long one side works before it is another's turn, where sides are measured in slices of time. */
export const SLICE_MS = 250;

/** How many a second, over one slice, when each step does some. */
export async function rateOf(each: number, step: () => Promise<unknown>): Promise<number> {
  const startedAt = monotonicMs();
  let done = 0;
  let elapsedMs = 0;
  for (; elapsedMs < SLICE_MS; elapsedMs = monotonicMs() - startedAt) {
    await step();
    done += each;
  }
  return (done * 1000) / elapsedMs;
}
