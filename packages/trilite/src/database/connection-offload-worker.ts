import { parentPort } from 'node:worker_threads';
import { monotonicMs } from '../support/clock';
import { errorCode, messageOf, toError } from '../support/errors';
import { Handle, isBusy } from './connection-handle';
import type { OffloadAnswer, OffloadRequest } from './connection-offload';
import { refuseReplaced } from './file-locks';

// The thread of `OffloadPool`: opens the file, reads, answers, closes. Here waiting may block: nobody else runs on this thread.

const BUSY_PAUSE_MS = 1;
const never = new Int32Array(new SharedArrayBuffer(4));

parentPort?.on('message', (request: OffloadRequest) => {
  parentPort?.postMessage(answer(request));
});

function answer(request: OffloadRequest): OffloadAnswer {
  const startedAt = monotonicMs();
  for (;;) {
    try {
      return { rows: readAll(request) };
    } catch (error) {
      const waitedMs = monotonicMs() - startedAt;
      if (!isBusy(error)) return { failure: failureOf(error) };
      if (waitedMs >= request.settings.busyTimeout) return { busyForMs: waitedMs };
    }
    Atomics.wait(never, 0, 0, BUSY_PAUSE_MS);
  }
}

function readAll({ facts, settings, tenantId, place, ...asked }: OffloadRequest): unknown[] {
  const { sql, parameters, writable } = asked;
  refuseReplaced(facts, place);
  const handle = new Handle(facts, settings, {
    readOnly: !writable,
    currentTenant: tenantId === undefined ? undefined : () => tenantId,
  });
  try {
    refuseReplaced(facts, place); // it may have been while it was opened
    const statement = handle.statement(sql);
    if (!statement.reader) throw notARead();
    return statement.all(...parameters);
  } finally {
    handle.close();
  }
}

/** As SQLite says it of a write that returns rows. */
function notARead(): Error {
  return Object.assign(new Error('the statement returns no rows'), { code: 'SQLITE_READONLY' });
}

function failureOf(thrown: unknown): { code: string; message: string; help: string } {
  const error = toError(thrown);
  const help = 'help' in error && typeof error.help === 'string' ? error.help : '';
  return { code: errorCode(error) ?? '', message: messageOf(error), help };
}
