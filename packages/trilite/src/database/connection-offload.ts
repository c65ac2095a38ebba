import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import type { SqliteSettings } from '../config/schema';
import { FrameworkError, type ErrorCode } from '../support/errors';
import type { Connection } from './connection';
import {
  ConnectionClosedError,
  DatabaseBusyError,
  DatabaseReadOnlyError,
  OffloadEndedError,
  explainDatabaseError,
  type ConnectionFacts,
} from './errors';

/** Compiled beside this file; from src, as under jest, it is found in dist, which lies equally deep. */
const WORKER = join(__dirname, '../../dist/database/connection-offload-worker.js');

/** Threads at once; further reads wait their turn. */
const THREADS = 2;

/** How long a thread without work is kept: starting one costs about 50 ms. */
const IDLE_MS = 5000;

/** How a read is offloaded. */
export interface OffloadOptions {
  /** Gives up waiting. The read itself goes on to its end in its thread: SQLite cannot be stopped from outside. */
  readonly signal?: AbortSignal;
}

/** SQL and its values. */
export interface OffloadQuery {
  readonly sql: string;
  readonly parameters: readonly unknown[];
  /** Whether its handle may write. For pragmas that care for the file. Default: false. */
  readonly writable?: boolean;
}

/** What the thread is told. */
export interface OffloadRequest {
  readonly facts: ConnectionFacts;
  readonly settings: SqliteSettings;
  readonly sql: string;
  readonly parameters: readonly unknown[];
  readonly writable: boolean;
  /** Whose rows it may see; undefined for nobody's. */
  readonly tenantId: string | undefined;
  /** Which file alone it may read, as `Connection.place`; undefined for any that lies at the path. */
  readonly place: string | undefined;
}

/** What the thread answers. */
export type OffloadAnswer =
  | { readonly rows: unknown[] }
  | { readonly busyForMs: number }
  | {
      readonly failure: { readonly code: string; readonly message: string; readonly help: string };
    };

interface Task {
  readonly request: OffloadRequest;
  readonly resolve: (rows: unknown[]) => void;
  readonly reject: (error: unknown) => void;
}

/** Runs reads in worker threads, each on a handle that is opened for it: SQLite works there, and the event loop here goes on. */
export class OffloadPool {
  readonly #waiting: Task[] = [];
  readonly #threads = new Set<OffloadThread>();
  #isClosed = false;

  /**
   * All rows of a query, read in a thread. A file in memory is read here: no thread can see it.
   *
   * @throws E_DATABASE_BUSY after `busyTimeout`, E_DATABASE_READ_ONLY and what SQLite refuses; the reason of an aborted signal
   * @throws E_DATABASE_FILE_REPLACED for another file than the one that was seen to be right
   */
  async all(
    connection: Connection,
    { sql, parameters, writable = false }: OffloadQuery,
    { signal }: OffloadOptions = {},
  ): Promise<unknown[]> {
    signal?.throwIfAborted();
    if (connection.file === ':memory:') {
      return connection.read((handle) => handle.statement(sql).all(...parameters));
    }
    const { name, file, settings } = connection;
    const tenantId = tenantOf(connection);
    const place = await connection.verifiedPlace();
    const request = { facts: { name, file }, settings, sql, parameters, writable, tenantId, place };
    signal?.throwIfAborted();
    if (this.#isClosed) throw ConnectionClosedError.for(connection);
    let onAbort = (): void => undefined;
    const rows = new Promise<unknown[]>((resolve, reject) => {
      const task = { request, resolve, reject };
      onAbort = (): void => this.#giveUp(task, signal?.reason);
      this.#waiting.push(task);
      this.#assign();
    });
    signal?.addEventListener('abort', onAbort);
    // Else a signal that serves many reads would keep the rows of all of them.
    return rows.finally(() => signal?.removeEventListener('abort', onAbort));
  }

  /** Refuses what waits and what is being read. SQLite cannot be stopped in the middle: such a thread ends once its read is over. */
  close(): void {
    this.#isClosed = true;
    for (const { request, reject } of this.#waiting.splice(0)) {
      reject(OffloadEndedError.during(request.facts));
    }
    for (const thread of this.#threads) thread.stop();
  }

  #assign(): void {
    for (let [task] = this.#waiting; task !== undefined; [task] = this.#waiting) {
      const thread = this.#freeThread();
      if (thread === undefined) return;
      this.#waiting.shift();
      thread.run(task);
    }
  }

  #freeThread(): OffloadThread | undefined {
    const free = [...this.#threads].find(({ isFree }) => isFree);
    if (free !== undefined || this.#threads.size >= THREADS) return free;
    const made: OffloadThread = new OffloadThread({
      onFree: () => this.#assign(),
      onGone: () => {
        this.#threads.delete(made);
        this.#assign();
      },
    });
    this.#threads.add(made);
    return made;
  }

  #giveUp(task: Task, reason: unknown): void {
    const index = this.#waiting.indexOf(task);
    if (index >= 0) this.#waiting.splice(index, 1);
    task.reject(reason);
  }
}

/** One thread, which reads for one task at a time. It does not keep the process alive while it has none. */
class OffloadThread {
  readonly #worker = new Worker(WORKER, { execArgv: [] });
  readonly #onFree: () => void;
  readonly #onGone: () => void;
  #task: Task | undefined;
  #idle: NodeJS.Timeout | undefined;

  constructor({ onFree, onGone }: { onFree: () => void; onGone: () => void }) {
    this.#onFree = onFree;
    this.#onGone = onGone;
    this.#worker.on('message', (answer: OffloadAnswer) => this.#finish(answer));
    this.#worker.on('error', (error) => this.#task?.reject(error));
    this.#worker.on('exit', () => this.#leave());
  }

  get isFree(): boolean {
    return this.#task === undefined;
  }

  run(task: Task): void {
    clearTimeout(this.#idle);
    this.#task = task;
    this.#worker.ref();
    try {
      this.#worker.postMessage(task.request);
    } catch (error) {
      task.reject(error);
      this.#rest();
    }
  }

  /** Refuses what it reads; the thread itself ends when SQLite lets it. */
  stop(): void {
    this.#leave();
    this.#worker.unref();
    void this.#worker.terminate();
  }

  #finish(answer: OffloadAnswer): void {
    const task = this.#task;
    this.#rest();
    if (task !== undefined) settle(task, answer);
    this.#onFree();
  }

  #rest(): void {
    this.#task = undefined;
    this.#worker.unref();
    this.#idle = setTimeout(() => this.stop(), IDLE_MS).unref();
  }

  #leave(): void {
    clearTimeout(this.#idle);
    this.#task?.reject(OffloadEndedError.during(this.#task.request.facts));
    this.#onGone(); // from here on nobody gives it work
  }
}

/** Whether the SQL asks for a tenant is known in the thread alone: there it fails when there is none. */
function tenantOf({ currentTenant }: Connection): string | undefined {
  try {
    return currentTenant?.();
  } catch {
    return undefined;
  }
}

function settle({ request, resolve, reject }: Task, answer: OffloadAnswer): void {
  if ('rows' in answer) resolve(answer.rows.map(withBuffers));
  else if ('busyForMs' in answer) {
    reject(DatabaseBusyError.after(answer.busyForMs, request.facts));
  } else reject(failure(answer.failure, request.facts));
}

/** An error does not survive the way between threads as what it was: SQLite's is explained here, our own made anew. */
function failure(
  { code, message, help }: { code: string; message: string; help: string },
  facts: ConnectionFacts,
): unknown {
  if (code.startsWith('E_')) return new FrameworkError({ code: code as ErrorCode, message, help });
  const error = Object.assign(new Error(message), { code });
  if (code.startsWith('SQLITE_READONLY')) return DatabaseReadOnlyError.offloaded(facts, error);
  return explainDatabaseError(error, facts);
}

/** A Buffer arrives from a thread as a plain Uint8Array. */
function withBuffers(row: unknown): unknown {
  const values = row as Record<string, unknown>;
  for (const [name, value] of Object.entries(values)) {
    if (ArrayBuffer.isView(value)) {
      values[name] = Buffer.from(value.buffer, value.byteOffset, value.byteLength);
    }
  }
  return row;
}
