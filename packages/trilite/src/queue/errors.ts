import { FrameworkError } from '../support/errors';
import type { JobRecord } from './job-records';

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

  static noClass(found: unknown): JobInvalidError {
    const made = (found as { constructor?: { name?: unknown } } | null | undefined)?.constructor
      ?.name;
    const what =
      typeof found === 'object' && found !== null
        ? `an instance of "${String(made)}"`
        : `"${String(found)}"`;
    return new JobInvalidError({
      code: 'E_JOB_INVALID',
      message: `Expected a job class to dispatch, got ${what}.`,
      help: 'Name the class, and give the payload beside it: dispatch(SendMail, { to }). A job is made where it runs.',
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

  static blocking(timeoutMs: number, job: string): JobTimeoutError {
    return new JobTimeoutError({
      code: 'E_JOB_TIMEOUT',
      message: `The job "${job}" blocked the event loop beyond its timeout of ${timeoutMs} ms.`,
      help: 'Let it await now and then, move its computation into a worker thread ("db.offload" for queries), or raise its "timeout".',
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

/** Thrown when the work of a tenant asks of the queue that all tenants share what concerns all of them. */
export class QueueSharedError extends FrameworkError {
  static for(what: string): QueueSharedError {
    return new QueueSharedError({
      code: 'E_QUEUE_SHARED',
      message: `Cannot ${what} in the work of a tenant: all tenants share the queue.`,
      help: 'Do it inside "tenancy.central", for all of them.',
    });
  }
}

/** Thrown when the job of a tenant comes to a worker of an application, or a tenant, that it does not belong to. */
export class JobTenantError extends FrameworkError {
  static of(job: string, tenantId: string): JobTenantError {
    return new JobTenantError({
      code: 'E_JOB_TENANT',
      message: `The job "${job}" is that of the tenant "${tenantId}", and was not run: this application keeps no tenants in its own queue.`,
      help: 'Run it with "mode" in config/tenancy.ts as it was when the job was dispatched, then "artisan queue:retry".',
    });
  }

  static gone(job: string, tenantId: string, cause: unknown): JobTenantError {
    return new JobTenantError({
      code: 'E_JOB_TENANT',
      message: `The job "${job}" was not run: its tenant "${tenantId}" is deleted.`,
      help: 'Restore the tenant with "artisan tenants:restore", then "artisan queue:retry"; or leave it to "artisan tenants:purge".',
      cause,
    });
  }
}

/** Thrown when a payload is not what the job's schema asks for: at the dispatch, or before a run of a job that an older version stored. */
export class JobPayloadInvalidError extends FrameworkError {
  static of(
    job: string,
    problems: readonly { readonly path: string; readonly message: string }[],
    when: 'dispatch' | 'run',
  ): JobPayloadInvalidError {
    const listed = problems.map(({ path, message }) => `${path || 'payload'}: ${message}`);
    const stored = when === 'run' ? ' that is stored' : '';
    return new JobPayloadInvalidError({
      code: 'E_JOB_PAYLOAD_INVALID',
      message: `The payload${stored} of the job "${job}" does not fit its schema: ${listed.join('; ')}.`,
      help:
        when === 'run'
          ? 'It was stored by another version of the class. Let "schema" take both forms, then run "artisan queue:retry" with its id.'
          : 'Dispatch what "static readonly schema" of the class describes.',
    });
  }
}

/** Thrown when a payload is larger than `maxPayload` allows. */
export class JobPayloadTooLargeError extends FrameworkError {
  static of(job: string, bytes: number, maxPayload: number): JobPayloadTooLargeError {
    return new JobPayloadTooLargeError({
      code: 'E_JOB_PAYLOAD_TOO_LARGE',
      message: `The payload of the job "${job}" has ${bytes} bytes; ${maxPayload} are allowed.`,
      help: 'Store the data in a table or a file, and dispatch its id. Or raise "maxPayload" in config/queue.ts.',
    });
  }
}

/** Thrown when jobs are added to a batch that has ended, or was cancelled. */
export class BatchEndedError extends FrameworkError {
  static of(id: string): BatchEndedError {
    return new BatchEndedError({
      code: 'E_BATCH_ENDED',
      message: `The batch "${id}" takes no more jobs: it has ended, was cancelled, or is not known.`,
      help: 'Add jobs from inside one of its jobs, while it is going on; or dispatch a batch of their own.',
    });
  }
}

/** Thrown by `wait` when the job has failed, or was cancelled. */
export class JobEndedBadlyError extends FrameworkError {
  static of({ id, job, state, lastError }: JobRecord): JobEndedBadlyError {
    const why = lastError === undefined ? '' : `: ${lastError}`;
    return new JobEndedBadlyError({
      code: 'E_JOB_ENDED_BADLY',
      message: `The job "${job}" (${id}) ${state === 'failed' ? 'has failed' : 'was cancelled'}${why}`,
      help: `Run "artisan queue:show ${id}" for what happened.`,
    });
  }
}

/** Thrown when a job cannot be waited for: it takes too long, is not known or gone, or its own transaction has not ended. */
export class JobWaitError extends FrameworkError {
  static timedOut(id: string, timeout: string, what: 'job' | 'batch' = 'job'): JobWaitError {
    return new JobWaitError({
      code: 'E_JOB_WAIT',
      message: `The ${what} "${id}" had not ended within \`${timeout}\`.`,
      help: 'It goes on. Wait longer, look with "status()", and see that a worker runs: "artisan queue:work".',
    });
  }

  static unknown(id: string, what: 'job' | 'batch' = 'job'): JobWaitError {
    return new JobWaitError({
      code: 'E_JOB_WAIT',
      message: `The ${what} "${id}" is not known, so it cannot be waited for.`,
      help: 'It was done and forgotten: raise "keepFinished" in config/queue.ts. Or its connection keeps no jobs, as "sync" does not.',
    });
  }

  static gone(id: string): JobWaitError {
    return new JobWaitError({
      code: 'E_JOB_WAIT',
      message: `The job "${id}" is no longer there, and was not done.`,
      help: 'Its queue was cleared, or it failed and was forgotten. Dispatch it again if it is still wanted.',
    });
  }

  static insideTransaction(id: string): JobWaitError {
    return new JobWaitError({
      code: 'E_JOB_WAIT',
      message: `The job "${id}" is dispatched with a transaction, and one that is still open can neither wait for it nor cancel it.`,
      help: 'Wait for it, or cancel it, once "db.transaction" has settled. Rolled back, it never was.',
    });
  }
}

/** The error of a job that released itself as often as `tries` allows, or for as long as `retryUntil` does. */
export class JobReleasedTooOftenError extends FrameworkError {
  static of(job: string, bound: number | Date): JobReleasedTooOftenError {
    const beyond =
      typeof bound === 'number'
        ? `once more after ${bound} tries`
        : `beyond its time, which ends at ${bound.toISOString()}`;
    return new JobReleasedTooOftenError({
      code: 'E_JOB_RELEASED_TOO_OFTEN',
      message: `The job "${job}" released itself ${beyond}.`,
      help: 'Raise "tries", or set "retryUntil"; "maxExceptions" bounds the runs that throw by themselves.',
    });
  }
}

/** The reason of a job's signal when somebody cancelled it. */
export class JobCancelledError extends FrameworkError {
  static of(job: string): JobCancelledError {
    return new JobCancelledError({
      code: 'E_JOB_CANCELLED',
      message: `The job "${job}" was cancelled while it was running.`,
      help: 'Nothing: somebody called "cancel".',
    });
  }
}

/** Thrown when a worker's queue has not answered for so long that waiting on makes no sense: a process manager starts the next one. */
export class QueueUnreachableError extends FrameworkError {
  static after(seconds: number, cause: Error): QueueUnreachableError {
    return new QueueUnreachableError({
      code: 'E_QUEUE_UNREACHABLE',
      message: `The queue has not answered for ${seconds} s: ${cause.message}`,
      help: 'Mend what the message names, and start the worker again; a process manager does that by itself.',
      cause,
    });
  }
}

/** Thrown when a dispatch inside a transaction has no outbox to go to, or comes after the end of its transaction. */
export class OutboxError extends FrameworkError {
  static missing(connection: string): OutboxError {
    return new OutboxError({
      code: 'E_OUTBOX',
      message: `A job was dispatched in a transaction of the connection "${connection}", whose file has no outbox.`,
      help: 'Run "artisan migrate". On a connection that holds caches alone, dispatch with { within: false }.',
    });
  }

  static afterEnd(connection: string): OutboxError {
    return new OutboxError({
      code: 'E_OUTBOX',
      message: `A job was dispatched in a transaction of the connection "${connection}" that has ended.`,
      help: 'Await each dispatch inside "db.transaction", or pass { within: false }.',
    });
  }
}

/** Thrown when as many jobs wait as may. */
export class QueueFullError extends FrameworkError {
  static at(limit: number): QueueFullError {
    return new QueueFullError({
      code: 'E_QUEUE_FULL',
      message: `The job was not stored: ${limit} jobs may wait, and as many do, or would.`,
      help: 'Dispatch it again when some are done. The limit is "quotas.jobsPending" of config/tenancy.ts, or what "artisan tenants:quota" says of this tenant.',
      status: 429,
    });
  }
}
