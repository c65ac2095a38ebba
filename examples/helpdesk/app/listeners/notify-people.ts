import { Database, injectable, QueueDispatcher, type Subscribe } from 'trilite';
import { CommentAdded } from '../events/comment-added';
import { TicketOpened } from '../events/ticket-opened';
import { SendNotification } from '../jobs/send-notification';

/**
 * Has mails sent about what happened. It is called in the transaction of the ticket, so its jobs are dispatched with the commit: never for
 * a ticket that was rolled back, and no crash in between loses one.
 */
@injectable()
export class NotifyPeople {
  static subscribe(on: Subscribe<NotifyPeople>): void {
    on(TicketOpened, 'opened');
    on(CommentAdded, 'commented');
  }

  constructor(
    private readonly db: Database,
    private readonly queue: QueueDispatcher,
  ) {}

  /** All agents. */
  async opened({ ticketId, requesterId }: TicketOpened): Promise<void> {
    const agents = this.db.selectFrom('users').select('id').where('role', '=', 'agent');
    for (const { id } of await agents.where('id', '!=', requesterId).execute()) {
      await this.queue.dispatch(SendNotification, {
        about: 'opened',
        ticketId,
        commentId: 0,
        userId: id,
      });
    }
  }

  /** Whose ticket it is, and who answers it; not who wrote the comment. */
  async commented({ ticketId, commentId, authorId }: CommentAdded): Promise<void> {
    // The ticket was there before this transaction, so a query outside of it finds it
    const { requester_id, assignee_id } = await this.db
      .selectFrom('tickets')
      .select(['requester_id', 'assignee_id'])
      .where('id', '=', ticketId)
      .executeTakeFirstOrThrow();
    for (const userId of new Set([requester_id, assignee_id])) {
      if (userId === null || userId === authorId) continue;
      await this.queue.dispatch(SendNotification, {
        about: 'commented',
        ticketId,
        commentId,
        userId,
      });
    }
  }
}
