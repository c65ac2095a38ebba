import { availableParallelism } from 'node:os';
import { withChildren } from './child';
import { monotonicMs } from './time';

/** Measures while the other cores are kept awake. */
export type WhileAwake = <T>(milliseconds: number, measure: () => Promise<T>) => Promise<T>;

/**
 * Starts a process for each other core, which spins while something is measured. Who asks another process or thread one question at a time
 * waits for a core to wake up, too: on an idle virtual machine an answer takes three times as long for it.
 */
export function withAwakeCores<T>(use: (whileAwake: WhileAwake) => Promise<T>): Promise<T> {
  const others = Math.max(1, availableParallelism() - 1);
  return withChildren(others, __filename, (children) =>
    use(async (milliseconds, measure) => {
      const spinning = children.map((child) => child.run(spin, milliseconds));
      const measured = await measure();
      await Promise.all(spinning);
      return measured;
    }),
  );
}

/** Runs in a process of its own. */
export function spin(milliseconds: number): void {
  const end = monotonicMs() + milliseconds;
  while (monotonicMs() < end);
}
