import { clock, Database, injectable, type Job, type JobOptions } from 'trilite';
import { Activities } from '../tickets/activities';

/** Says that an import has ended, once all of its jobs have. */
@injectable()
export class FinishImport implements Job<{ importId: number }> {
  static readonly options: JobOptions = { queue: 'imports', tries: 3 };

  constructor(
    private readonly db: Database,
    private readonly activities: Activities,
  ) {}

  async handle({ importId }: { importId: number }): Promise<void> {
    await this.db.transaction(async (trx) => {
      const finished = await trx
        .updateTable('imports')
        .set({ finished_at: clock.now() })
        .where('id', '=', importId)
        .where('finished_at', 'is', null)
        .returning('name')
        .executeTakeFirst();
      // A second run finds that the first one was here
      if (finished !== undefined) await this.activities.add(`${finished.name} is imported`);
    });
  }
}
