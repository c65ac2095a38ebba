import { Database, injectable, type Subscribe } from 'trilite';
import { CommentAdded } from '../events/comment-added';
import { TicketChanged } from '../events/ticket-changed';
import { TicketOpened } from '../events/ticket-opened';
import { Activities } from '../tickets/activities';

/** Writes down what happens to tickets, in the transaction in which it does: the live page reads it from any process. */
@injectable()
export class RecordActivity {
  static subscribe(on: Subscribe<RecordActivity>): void {
    on(TicketOpened, 'opened');
    on(CommentAdded, 'commented');
    on(TicketChanged, 'changed');
  }

  constructor(
    private readonly db: Database,
    private readonly activities: Activities,
  ) {}

  async opened({ ticketId, requesterId }: TicketOpened): Promise<void> {
    await this.record(ticketId, requesterId, 'opened');
  }

  async commented({ ticketId, authorId }: CommentAdded): Promise<void> {
    await this.record(ticketId, authorId, 'commented on');
  }

  async changed({ ticketId, changes, byId }: TicketChanged): Promise<void> {
    await this.record(ticketId, byId, changes.status === 'closed' ? 'closed' : 'changed');
  }

  private record(ticketId: number, userId: number, verb: string): Promise<void> {
    // A nested transaction sees what the one around it has written; a query of this.db would not
    return this.db.transaction(async (trx) => {
      const { name, subject } = await trx
        .selectFrom(['tickets', 'users'])
        .select(['users.name', 'tickets.subject'])
        .where('tickets.id', '=', ticketId)
        .where('users.id', '=', userId)
        .executeTakeFirstOrThrow();
      await this.activities.add(`${name} ${verb} #${ticketId} ${subject}`, ticketId);
    });
  }
}
