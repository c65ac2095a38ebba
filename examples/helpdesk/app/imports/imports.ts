import { readFile } from 'node:fs/promises';
import { clock, Database, injectable, job, QueueDispatcher, type UploadedFile } from 'trilite';
import { FinishImport } from '../jobs/finish-import';
import { ImportTickets } from '../jobs/import-tickets';
import { parseCsv } from './csv';

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
  ) {}

  /**
   * Begins to import a file, and answers the number of the import: row and batch are there together, or neither is.
   *
   * @throws SyntaxError which says what is wrong with the file; it is not kept then
   */
  async start(upload: UploadedFile): Promise<number> {
    const rows = await countRows(upload.path);
    const file = await upload.store('imports');
    return this.db.transaction(async (trx) => {
      const { id } = await trx
        .insertInto('imports')
        .values({ name: upload.name, rows, batch_id: '', created_at: clock.now() })
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
          // From "7:" up to what follows the colon: an index has it, which it has not for LIKE
          .where('source', '>=', `${id}:`)
          .where('source', '<', `${id};`)
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

/** How many rows a file has. */
async function countRows(path: string): Promise<number> {
  const rows = parseCsv(await readFile(path, 'utf8'));
  const missing = ['subject', 'email'].filter((name) => rows[0]?.values[name] === undefined);
  if (missing.length > 0) throw new SyntaxError(`A column is missing: ${missing.join(', ')}.`);
  return rows.length;
}

function jobsFor(importId: number, file: string, rows: number) {
  const count = Math.ceil(rows / ROWS_PER_JOB);
  return Array.from({ length: count }, (_, index) => {
    const from = index * ROWS_PER_JOB;
    return job(ImportTickets, { importId, file, from, to: from + ROWS_PER_JOB });
  });
}
