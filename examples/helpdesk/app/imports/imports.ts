import { readFile } from 'node:fs/promises';
import { clock, Database, injectable, job, QueueDispatcher, StoredFiles } from 'trilite';
import { FinishImport } from '../jobs/finish-import';
import { ImportTickets } from '../jobs/import-tickets';
import { parseCsv, type CsvRow } from './csv';

/** Rows of one job. Few, so that the page has something to show. */
const ROWS_PER_JOB = 10;

/** How far an import is. */
export interface ImportProgress {
  readonly id: number;
  readonly name: string;
  readonly rows: number;
  /** 0 to 100. */
  readonly percent: number;
  readonly tickets: number;
  readonly problems: number;
  readonly isFinished: boolean;
}

/** Files of tickets that are imported by a batch of jobs. */
@injectable()
export class Imports {
  constructor(
    private readonly db: Database,
    private readonly queue: QueueDispatcher,
    private readonly files: StoredFiles,
  ) {}

  /** Begins to import a stored file, and answers the number of the import: row and batch are there together, or neither is. */
  start(name: string, file: string, rows: number): Promise<number> {
    return this.db.transaction(async (trx) => {
      const { id } = await trx
        .insertInto('imports')
        .values({ name, rows, batch_id: '', created_at: clock.now() })
        .returning('id')
        .executeTakeFirstOrThrow();
      const batch = await this.queue.batch(jobsFor(id, file, rows), {
        name: `import ${id}`,
        allowFailures: true,
        finally: job(FinishImport, { importId: id }),
      });
      const imports = trx.updateTable('imports').set({ batch_id: batch.id });
      await imports.where('id', '=', id).execute();
      return id;
    });
  }

  /** The rows of a stored file. @throws SyntaxError */
  async read(file: string): Promise<CsvRow[]> {
    return parseCsv(await readFile(this.files.path(file), 'utf8'));
  }

  async progress(id: number): Promise<ImportProgress | undefined> {
    const imports = this.db.selectFrom('imports').selectAll().where('id', '=', id);
    const row = await imports.executeTakeFirst();
    return row && this.progressOf(row);
  }

  /** Those that have not ended. */
  async running(): Promise<ImportProgress[]> {
    const imports = this.db.selectFrom('imports').selectAll().where('finished_at', 'is', null);
    return Promise.all((await imports.orderBy('id').execute()).map((row) => this.progressOf(row)));
  }

  private async progressOf(row: ImportRow): Promise<ImportProgress> {
    const { id, name, rows, batch_id, finished_at } = row;
    const isFinished = finished_at !== null;
    const batch = isFinished ? undefined : await this.queue.batchOf(batch_id).status();
    const counts = await this.db
      .selectNoFrom((e) => [
        e
          .selectFrom('tickets')
          .select((tickets) => tickets.fn.countAll<number>().as('count'))
          .where('source', 'like', `${id}:%`)
          .as('tickets'),
        e
          .selectFrom('import_problems')
          .select((problems) => problems.fn.countAll<number>().as('count'))
          .where('import_id', '=', id)
          .as('problems'),
      ])
      .executeTakeFirstOrThrow();
    return {
      id,
      name,
      rows,
      percent: isFinished ? 100 : (batch?.progress ?? 0),
      tickets: counts.tickets ?? 0,
      problems: counts.problems ?? 0,
      isFinished,
    };
  }
}

interface ImportRow {
  readonly id: number;
  readonly name: string;
  readonly rows: number;
  readonly batch_id: string;
  readonly finished_at: number | null;
}

function jobsFor(importId: number, file: string, rows: number) {
  const count = Math.ceil(rows / ROWS_PER_JOB);
  return Array.from({ length: count }, (_, index) => {
    const from = index * ROWS_PER_JOB;
    return job(ImportTickets, { importId, file, from, to: from + ROWS_PER_JOB });
  });
}
