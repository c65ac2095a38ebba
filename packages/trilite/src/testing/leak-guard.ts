import { dirname } from 'node:path';
import { openConnections } from '../database/connection-holder';
import { runningWorkers } from '../queue/worker/worker';
import { runningSchedulers } from '../schedule/scheduler';

/** Where the test environment, which lives outside the test's modules, finds what they left open. */
export const LEAKS = Symbol.for('trilite.testing.leaks');

/** What a test file has open at a moment. */
export interface OpenThing {
  /** The same thing has the same key at a later moment. */
  readonly key: object;
  readonly label: string;
  /** The folder of a connection's file: what one application opens lies in one folder. */
  readonly folder?: string;
}

/** Lets the environment ask what is open. Called when `trilite/testing` is loaded. */
export function exposeLeaks(): void {
  Object.assign(globalThis, { [LEAKS]: openThings });
}

function openThings(): OpenThing[] {
  return [
    ...[...openConnections].map((connection): OpenThing => ({
      key: connection,
      label: `connection "${connection.name}" (${connection.file})`,
      folder: dirname(connection.file),
    })),
    ...runningWorkers().map((worker): OpenThing => ({
      key: worker,
      label: `worker ${worker.owner}`,
    })),
    ...runningSchedulers().map((scheduler): OpenThing => ({
      key: scheduler,
      label: `scheduler ${scheduler.owner}`,
    })),
  ];
}
