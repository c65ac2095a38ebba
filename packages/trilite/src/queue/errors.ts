import { FrameworkError } from '../support/errors';

/** Thrown when a job class is dispatched, or stored under a name, that no file in app/jobs has. */
export class JobUnknownError extends FrameworkError {
  static named(name: string, known: readonly string[]): JobUnknownError {
    return new JobUnknownError({
      code: 'E_JOB_UNKNOWN',
      message: `The job "${name}" is not known; there are: ${known.length === 0 ? 'none' : known.join(', ')}.`,
      help: 'Export its class from a file in app/jobs. If it was renamed, add its old name to "static readonly aliases".',
    });
  }
}

/** Thrown when two job classes have one name, or a job's options make no sense. */
export class JobInvalidError extends FrameworkError {
  static duplicate(name: string, first: string, second: string): JobInvalidError {
    return new JobInvalidError({
      code: 'E_JOB_INVALID',
      message: `The job name "${name}" is taken twice: by "${first}" and by "${second}".`,
      help: 'Give one of them a "static readonly jobName" of its own.',
    });
  }

  static option(job: string, option: string, found: string, expected: string): JobInvalidError {
    return new JobInvalidError({
      code: 'E_JOB_INVALID',
      message: `The option "${option}" of the job "${job}" is ${found}; expected ${expected}.`,
      help: 'Correct "static readonly options" of the class.',
    });
  }
}

/** Thrown into a job that runs longer than its timeout: as the reason of its signal, and as the error of the attempt. */
export class JobTimeoutError extends FrameworkError {
  static after(timeoutMs: number, job: string): JobTimeoutError {
    return new JobTimeoutError({
      code: 'E_JOB_TIMEOUT',
      message: `The job "${job}" ran longer than its timeout of ${timeoutMs} ms.`,
      help: 'Raise its "timeout", split its work, or stop it where "context.signal" is aborted.',
    });
  }
}

/** The error of a job whose worker died, or fell silent beyond the lease, more often than `maxCrashes` allows. */
export class JobCrashedError extends FrameworkError {
  static times(crashes: number, job: string): JobCrashedError {
    return new JobCrashedError({
      code: 'E_JOB_CRASHED',
      message: `The job "${job}" lost its worker ${crashes} times.`,
      help: 'Look for what kills the process: memory, a native crash, or a loop that blocks the event loop beyond the lease.',
    });
  }
}

/** The reason of a job's signal when somebody else holds the job now. */
export class JobLeaseLostError extends FrameworkError {
  static of(job: string): JobLeaseLostError {
    return new JobLeaseLostError({
      code: 'E_JOB_LEASE_LOST',
      message: `The lease of the job "${job}" ended while it was running; another worker may run it now.`,
      help: 'Raise "lease" in config/queue.ts, or free the event loop so that it can be renewed.',
    });
  }
}

/** The reason of a job's signal when the worker has to stop before the job is done. */
export class WorkerStoppingError extends FrameworkError {
  static now(): WorkerStoppingError {
    return new WorkerStoppingError({
      code: 'E_WORKER_STOPPING',
      message: 'The worker is stopping; the job goes back to the queue.',
      help: 'Nothing: it runs again on the next worker.',
    });
  }
}

/** Thrown when a queue connection is asked for that config/queue.ts does not declare. */
export class QueueConnectionUnknownError extends FrameworkError {
  static named(name: string, known: readonly string[]): QueueConnectionUnknownError {
    return new QueueConnectionUnknownError({
      code: 'E_QUEUE_CONNECTION_UNKNOWN',
      message: `The queue connection "${name}" is not declared; there are: ${known.join(', ')}.`,
      help: 'Declare it under "connections" in config/queue.ts.',
    });
  }
}

/** Thrown when something is asked of a queue connection that its driver cannot do. */
export class QueueUnsupportedError extends FrameworkError {
  static of(driver: string, what: string): QueueUnsupportedError {
    return new QueueUnsupportedError({
      code: 'E_QUEUE_UNSUPPORTED',
      message: `The "${driver}" queue driver cannot ${what}.`,
      help: 'Use a connection whose driver keeps jobs, such as "sqlite".',
    });
  }
}
