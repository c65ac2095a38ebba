import { constants } from 'node:os';
import { monotonicMs } from '../support/clock';

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGQUIT', 'SIGHUP'] as const;

/** One Ctrl-C often arrives twice: from the terminal, and passed on by npm or nodemon. */
const ECHO_MS = 300;

/** Runs `stop` at the first signal to stop, and `force` at a later Ctrl-C: supervisors repeat SIGTERM, impatient people press again. */
export function onShutdown(stop: (signal: NodeJS.Signals) => void, force: () => void): () => void {
  let askedAt: number | undefined;
  const listen = (signal: NodeJS.Signals): void => {
    if (askedAt === undefined) {
      askedAt = monotonicMs();
      return stop(signal);
    }
    if (signal === 'SIGINT' && monotonicMs() - askedAt > ECHO_MS) force();
  };
  for (const signal of SIGNALS) process.on(signal, listen);
  return () => {
    for (const signal of SIGNALS) process.off(signal, listen);
  };
}

/** Resolves at the first signal to stop; a later Ctrl-C ends the process at once. */
export function shutdownRequested(): Promise<void> {
  return new Promise((resolve) => {
    onShutdown(
      () => resolve(),
      () => process.exit(130),
    );
  });
}

/** The exit code of a process that a signal stopped, as shells have it: 130 for SIGINT, 143 for SIGTERM. */
export function exitCodeOf(signal: NodeJS.Signals): number {
  return 128 + constants.signals[signal];
}
