import type { Job, JobClass, JobContext, JobMiddleware, JobOptions } from 'trilite';

/** A job class with middleware around a function. */
export function guardedJob(
  middleware: (payload: never) => readonly JobMiddleware[],
  handle: (payload: unknown, context: JobContext) => Promise<void> | void,
  { name = 'Guarded', options = {} }: { name?: string; options?: JobOptions } = {},
) {
  return class implements Job<unknown> {
    static readonly jobName = name;
    static readonly options = options;

    middleware(payload: unknown): readonly JobMiddleware[] {
      return middleware(payload as never);
    }

    handle(payload: unknown, context: JobContext): Promise<void> | void {
      return handle(payload, context);
    }
  } satisfies JobClass;
}
