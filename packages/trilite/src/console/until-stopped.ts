import { onShutdown } from './shutdown';

/**
 * Runs work that a signal to stop ends, and that clears away what it has begun.
 *
 * @returns what it comes to; undefined when it was stopped
 */
export async function untilStopped<T>(
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T | undefined> {
  const stopping = new AbortController();
  const stopListening = onShutdown(
    () => stopping.abort(),
    () => process.exit(130),
  );
  try {
    return await work(stopping.signal);
  } catch (error) {
    if (error === stopping.signal.reason) return undefined;
    throw error;
  } finally {
    stopListening();
  }
}
