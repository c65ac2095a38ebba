import { clock, Database, injectable } from 'trilite';

/** Something that happened, as the dashboard shows it. */
export interface Activity {
  readonly id: number;
  readonly text: string;
  readonly ticket_id: number | null;
  readonly created_at: number;
}

/** What has happened at an organisation, in the order in which it did. */
@injectable()
export class Activities {
  constructor(private readonly db: Database) {}

  /** Joins the transaction it is called in. */
  add(text: string, ticketId: number | null = null): Promise<void> {
    return this.db.transaction(async (trx) => {
      const activity = { text, ticket_id: ticketId, created_at: clock.now() };
      await trx.insertInto('activities').values(activity).execute();
    });
  }

  /** The last ones, latest first. */
  latest(limit: number): Promise<Activity[]> {
    return this.db
      .selectFrom('activities')
      .selectAll()
      .orderBy('id', 'desc')
      .limit(limit)
      .execute();
  }

  /** What has happened since, oldest first. */
  since(id: number): Promise<Activity[]> {
    const activities = this.db.selectFrom('activities').selectAll().where('id', '>', id);
    return activities.orderBy('id').limit(100).execute();
  }
}
