import { CacheRepository, Database, injectable } from 'trilite';
import { STATUSES, type Status, type Visible } from './ticket';

/** How many tickets there are of each status. */
export type Counts = Readonly<Record<Status, number>>;

const TAG = 'tickets';

/** Counts of tickets, kept until a ticket changes. */
@injectable()
export class TicketCounts {
  constructor(
    private readonly db: Database,
    private readonly cache: CacheRepository,
  ) {}

  /** Of one customer, or of all. */
  of(visible: Visible): Promise<Counts> {
    const key = `tickets:counts:${visible === 'all' ? 'all' : visible.requesterId}`;
    return this.cache.tags(TAG).remember(key, '1h', () => this.count(visible));
  }

  /** Those of everybody, whoever's ticket it was: a clear is one row. */
  async forget(): Promise<void> {
    await this.cache.tags(TAG).clear();
  }

  private async count(visible: Visible): Promise<Counts> {
    const tickets = this.db
      .selectFrom('tickets')
      .select(['status', (e) => e.fn.countAll<number>().as('count')])
      .groupBy('status');
    const seen =
      visible === 'all' ? tickets : tickets.where('requester_id', '=', visible.requesterId);
    const rows = await seen.execute();
    const counts = new Map(rows.map(({ status, count }) => [status, count]));
    return Object.fromEntries(
      STATUSES.map((status) => [status, counts.get(status) ?? 0]),
    ) as Counts;
  }
}
