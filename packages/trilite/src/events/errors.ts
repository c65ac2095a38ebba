import { inspect } from 'node:util';
import { FrameworkError } from '../support/errors';

/** Thrown when a listener cannot be registered. */
export class ListenerInvalidError extends FrameworkError {
  static noEvent(listener: string, found: unknown): ListenerInvalidError {
    return ListenerInvalidError.because(
      listener,
      `it listens to "${inspect(found)}", which is no class`,
      'Give it "static readonly listensTo: ListensTo<…> = TheEvent". If the event is there, two files import each other.',
    );
  }

  static noMethod(listener: string, method: string): ListenerInvalidError {
    const help = 'Name a method of the class in "subscribe".';
    return ListenerInvalidError.because(listener, `it has no method "${method}"`, help);
  }

  static ambiguous(listener: string, name: string): ListenerInvalidError {
    return ListenerInvalidError.because(
      listener,
      `it is queued, and listens to two classes of events with the name "${name}"`,
      'Rename one of them: a job knows its event by name.',
    );
  }

  static ofHappening(listener: string, event: string): ListenerInvalidError {
    return ListenerInvalidError.because(
      listener,
      `it is queued, and listens to "${event}", which the framework tells of: its job would be told of in turn`,
      'Take "queue" away, and dispatch a job where one is needed.',
    );
  }

  private static because(listener: string, why: string, help: string): ListenerInvalidError {
    return new ListenerInvalidError({
      code: 'E_LISTENER_INVALID',
      message: `The listener "${listener}" cannot be registered: ${why}.`,
      help,
    });
  }
}

/** Thrown when the job of a queued listener holds an event that the listener does not know. */
export class EventUnknownError extends FrameworkError {
  static named(event: string, listener: string): EventUnknownError {
    return new EventUnknownError({
      code: 'E_EVENT_UNKNOWN',
      message: `A job of the listener "${listener}" holds the event "${event}", which it does not listen to, or by another method.`,
      help: 'After a rename add the old name to "static aliases" of the event\'s class, then run "artisan queue:retry". If the listener has lost the event, "artisan queue:forget" removes the job.',
    });
  }
}
