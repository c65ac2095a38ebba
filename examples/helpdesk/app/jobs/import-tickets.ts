import { readFile } from 'node:fs/promises';
import {
  clock,
  Database,
  EventDispatcher,
  injectable,
  StoredFiles,
  type DatabaseTransaction,
  type Job,
  type JobOptions,
} from 'trilite';
import { z } from 'zod';
import { Accounts } from '../accounts/accounts';
import { TicketsImported } from '../events/tickets-imported';
import { parseCsv, type CsvRow } from '../imports/csv';
import { PRIORITIES, STATUSES, subject } from '../tickets/ticket';

/** Which rows of which file: the first one has the number 0, and `to` is not among them. */
export interface Rows {
  readonly importId: number;
  readonly file: string;
  readonly from: number;
  readonly to: number;
}

const ticket = z.object({
  subject,
  body: z.string().default(''),
  email: z.email('There is no address of a customer.').toLowerCase(),
  name: z.string().optional(),
  priority: z.enum(PRIORITIES).catch('normal'),
  status: z.enum(STATUSES).catch('open'),
});

/** Makes tickets of some rows of a file. What is wrong with one keeps the others from nothing. */
@injectable()
export class ImportTickets implements Job<Rows> {
  static readonly options: JobOptions = { queue: 'imports', tries: 3, backoff: '5s' };

  constructor(
    private readonly db: Database,
    private readonly accounts: Accounts,
    private readonly events: EventDispatcher,
    private readonly files: StoredFiles,
  ) {}

  async handle({ importId, file, from, to }: Rows): Promise<void> {
    const rows = parseCsv(await readFile(this.files.path(file), 'utf8')).slice(from, to);
    // One transaction: all of these rows, or none, and then the next run begins anew.
    await this.db.transaction(async (trx) => {
      for (const row of rows) await this.take(trx, importId, row);
      await this.events.dispatch(new TicketsImported(importId));
    });
  }

  private async take(trx: DatabaseTransaction, importId: number, { line, values }: CsvRow) {
    const { data, error } = ticket.safeParse(values);
    if (data === undefined) {
      const problem = error.issues.map(({ message }) => message).join(' ');
      await trx
        .insertInto('import_problems')
        .values({ import_id: importId, line, problem })
        .onConflict((conflict) => conflict.doNothing())
        .execute();
      return;
    }
    const { email, name, ...rest } = data;
    const requester_id = await this.accounts.findOrAdd(
      email,
      name === undefined || name === '' ? email : name,
    );
    const now = clock.now();
    const times = {
      created_at: now,
      updated_at: now,
      closed_at: rest.status === 'closed' ? now : null,
    };
    await trx
      .insertInto('tickets')
      .values({ ...rest, ...times, requester_id, source: `${importId}:${line}` })
      .onConflict((conflict) => conflict.column('source').doNothing())
      .execute();
  }
}
