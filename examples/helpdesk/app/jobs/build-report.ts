import { clock, Database, injectable, sql, type Job, type JobOptions } from 'trilite';

const DAY_MS = 24 * 60 * 60 * 1000;

interface Counts {
  readonly opened: number;
  readonly closed: number;
  readonly comments: number;
  /** Not closed when it was counted. */
  readonly waiting: number;
}

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

  private async count(from: number, to: number): Promise<Counts> {
    const { rows } = await sql<Counts>`
      select
        (select count(*) from tickets where created_at >= ${from} and created_at < ${to}) as opened,
        (select count(*) from tickets where closed_at >= ${from} and closed_at < ${to}) as closed,
        (select count(*) from comments where created_at >= ${from} and created_at < ${to}) as comments,
        (select count(*) from tickets where status <> 'closed') as waiting`.execute(this.db);
    const [counts] = rows;
    if (counts === undefined) throw new Error('A select without a table has one row.');
    return counts;
  }
}
