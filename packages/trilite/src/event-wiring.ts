import { currentSession } from './database/connection-session';
import { EventUnknownError } from './events/errors';
import {
  EventDispatcher,
  type ListenerQueue,
  type QueuedCalls,
  type QueuedEvent,
} from './events/event-dispatcher';
import type { ListenerClass, ListenerQueueOptions, SubscriberClass } from './events/listener';
import type { Job, JobClass, JobContext, JobOptions } from './queue/job';
import type { JobRegistry } from './queue/job-registry';
import { Resources } from './resources';
import type { Tenancy } from './tenancy/tenancy';

/** What events are composed of. */
export interface EventParts {
  readonly jobs: JobRegistry;
  readonly tenancy: () => Tenancy;
  /** Told of what nobody waits for. */
  readonly onError: (error: unknown, what: string) => void;
}

/** The application's dispatcher: listeners are made, and their jobs stored, for whoever the current work is for. */
export function createEvents({ jobs, tenancy, onError }: EventParts): EventDispatcher {
  return new EventDispatcher({
    make: (type) => tenancy().scope.make(type),
    afterCommit,
    queue: queueOf(jobs, () => tenancy().scope.make(Resources)),
    onError: (error) => onError(error, 'A listener failed'),
  });
}

async function afterCommit(work: () => Promise<void>): Promise<void> {
  const session = currentSession();
  if (session === undefined) await work();
  else session.afterCommit(work);
}

function queueOf(jobs: JobRegistry, resources: () => Resources): ListenerQueue {
  const known = new Map<ListenerClass | SubscriberClass, ReturnType<typeof jobOf>>();
  return {
    add(type, calls) {
      const job = jobOf(type, calls);
      jobs.add(job);
      known.set(type, job);
    },
    async push(type, event) {
      const job = known.get(type) as ReturnType<typeof jobOf>;
      const { connection, delay } = queueOptionsOf(type);
      await resources()
        .queue(connection)
        .dispatch(job, event, delay === undefined ? {} : { delay });
    },
  };
}

/** A job for each class, so that each is tried, timed and shown under its own name. */
function jobOf(type: ListenerClass | SubscriberClass, calls: QueuedCalls) {
  const { queue, priority, tries, backoff, timeout } = queueOptionsOf(type);
  const options = { queue, priority, tries, backoff, timeout };
  const job = class implements Job<QueuedEvent> {
    static readonly jobName = type.jobName ?? type.name;
    static readonly aliases = type.aliases ?? [];
    static readonly options = options as JobOptions;
    static readonly tags = ({ event }: QueuedEvent): readonly string[] => [event];

    async handle(event: QueuedEvent, context: JobContext): Promise<void> {
      try {
        await calls.handle(event);
      } catch (error) {
        if (error instanceof EventUnknownError) context.fail(error); // trying again in this process changes nothing
        throw error;
      }
    }

    async failed(error: Error, event: QueuedEvent): Promise<void> {
      if (!(error instanceof EventUnknownError)) await calls.failed(error, event);
    }
  } satisfies JobClass;
  return Object.defineProperty(job, 'name', { value: `listener ${type.name}` }); // as errors name it
}

function queueOptionsOf({ queue }: ListenerClass | SubscriberClass): ListenerQueueOptions {
  return typeof queue === 'object' ? queue : {};
}
