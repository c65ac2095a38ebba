import type { Connection } from '../../database/connection';
import { clock } from '../../support/clock';
import type { WorkerSignals } from '../queue-store';
import { PAUSE_ALL, pauseOf, pausedNow } from './sqlite-claim-store';

const RESTART = 'restart';

const SET = `
  insert into queue_signals (name, at, until) values (:name, :at, :until)
  on conflict (name) do update set at = excluded.at, until = excluded.until`;

const RESUME = 'delete from queue_signals where name = ? returning until';

const RESUME_ALL = `delete from queue_signals where name like 'pause%' returning until`;

const CANCELLED = `select id from jobs where state = 'running' and owner = ? and cancel_at is not null`;

/** What workers are told through a queue's file. */
export class SqliteQueueSignalStore {
  readonly #connection: Connection;

  constructor(connection: Connection) {
    this.#connection = connection;
  }

  read(owner: string): Promise<WorkerSignals> {
    return this.#connection.read((handle) => {
      const restart = handle
        .statement('select at from queue_signals where name = ?')
        .get(RESTART) as { readonly at: number } | undefined;
      const paused = pausedNow(handle);
      const cancelled = handle.statement(CANCELLED).all(owner) as { readonly id: string }[];
      return {
        restartAt: restart?.at,
        isPaused: paused.has(PAUSE_ALL),
        pausedQueues: [...paused]
          .filter((name) => name !== PAUSE_ALL)
          .map((name) => name.slice(pauseOf('').length)),
        cancelled: cancelled.map(({ id }) => id),
      };
    });
  }

  restart(): Promise<void> {
    return this.#set(RESTART);
  }

  pause(queue: string | undefined, until?: number): Promise<void> {
    return this.#set(queue === undefined ? PAUSE_ALL : pauseOf(queue), until);
  }

  async resume(queue: string | undefined): Promise<boolean> {
    const ended = await this.#connection.write(
      (handle) =>
        (queue === undefined
          ? handle.statement(RESUME_ALL).all()
          : handle.statement(RESUME).all(pauseOf(queue))) as { readonly until: number | null }[],
    );
    return ended.some(({ until }) => until === null || until > clock.now());
  }

  async #set(name: string, until?: number): Promise<void> {
    const values = { name, at: clock.now(), until: until ?? null };
    await this.#connection.write((handle) => handle.statement(SET).run(values));
  }
}
