import type { Job, JobClass, JobContext, JobOptions } from 'trilite';

/** What a job of a test does. */
export interface JobParts {
  readonly name?: string;
  readonly options?: JobOptions;
  readonly aliases?: readonly string[];
  readonly failed?: (error: Error, payload: unknown, instance: object) => Promise<void> | void;
}

/** A job class around a function. */
export function jobOf(
  handle: (payload: unknown, context: JobContext, instance: object) => Promise<void> | void,
  { name = 'TestJob', options = {}, aliases = [], failed }: JobParts = {},
) {
  return class implements Job<unknown> {
    static readonly jobName = name;
    static readonly options = options;
    static readonly aliases = aliases;

    handle(payload: unknown, context: JobContext): Promise<void> | void {
      return handle(payload, context, this);
    }

    failed(error: Error, payload: unknown): Promise<void> | void {
      return failed?.(error, payload, this);
    }
  } satisfies JobClass;
}

/** A promise of the moment a signal is aborted; resolves to the reason. */
export function abortOf(signal: AbortSignal): Promise<unknown> {
  return new Promise((resolve) => {
    signal.addEventListener('abort', () => resolve(signal.reason), { once: true });
  });
}
