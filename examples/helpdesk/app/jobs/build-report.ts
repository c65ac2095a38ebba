import { clock, Database, injectable, type Job, type JobOptions } from 'trilite';

const DAY_MS = 24 * 60 * 60 * 1000;

/** Counts what happened yesterday, by UTC. A second run on the same day counts anew, and takes the place of the first. */
@injectable()
export class BuildReport implements Job {
  static readonly options: JobOptions = { tries: 3, backoff: '1m', unique: true };

  constructor(private readonly db: Database) {}

  async handle(): Promise<void> {
    const end = Math.floor(clock.now() / DAY_MS) * DAY_MS;
    const counts = await this.count(end - DAY_MS, end);
    await this.db
      .insertInto('reports')
      .values({ day: new Date(end - DAY_MS).toISOString().slice(0, 10), ...counts })
      .onConflict((conflict) => conflict.column('day').doUpdateSet(counts))
      .execute();
  }

  private async count(from: number, to: number) {
    const within = (table: 'tickets' | 'comments', column: 'created_at' | 'closed_at') =>
      this.db
        .selectFrom(table)
        .select((e) => e.fn.countAll<number>().as('count'))
        .where(column as 'created_at', '>=', from)
        .where(column as 'created_at', '<', to)
        .executeTakeFirstOrThrow();
    const waiting = await this.db
      .selectFrom('tickets')
      .select((e) => e.fn.countAll<number>().as('count'))
      .where('status', '!=', 'closed')
      .executeTakeFirstOrThrow();
    return {
      opened: (await within('tickets', 'created_at')).count,
      closed: (await within('tickets', 'closed_at')).count,
      comments: (await within('comments', 'created_at')).count,
      waiting: waiting.count,
    };
  }
}
