import { clock, Database, EventDispatcher, injectable, type DatabaseTransaction } from 'trilite';
import { CommentAdded } from '../events/comment-added';
import { TicketChanged } from '../events/ticket-changed';
import { TicketOpened } from '../events/ticket-opened';
import type { Attachment, NewTicket, TicketChanges } from './ticket';

/**
 * What is done to tickets. Each is one transaction, and its event is told in it: what the listeners write and dispatch is there with
 * the ticket, or not at all.
 */
@injectable()
export class Tickets {
  constructor(
    private readonly db: Database,
    private readonly events: EventDispatcher,
  ) {}

  /** Opens a ticket, and answers its number. */
  open(
    ticket: NewTicket,
    requesterId: number,
    attachments: readonly Attachment[] = [],
  ): Promise<number> {
    return this.db.transaction(async (trx) => {
      const now = clock.now();
      const { id } = await trx
        .insertInto('tickets')
        .values({
          ...ticket,
          status: 'open',
          requester_id: requesterId,
          created_at: now,
          updated_at: now,
        })
        .returning('id')
        .executeTakeFirstOrThrow();
      await attach(trx, attachments, { ticket_id: id });
      await this.events.dispatch(new TicketOpened(id, requesterId));
      return id;
    });
  }

  /** Adds a comment, and answers its number. One of the customer opens a ticket again that had been answered. */
  comment(
    ticketId: number,
    { body, author }: { body: string; author: { id: number; role: string } },
    attachments: readonly Attachment[] = [],
  ): Promise<number> {
    return this.db.transaction(async (trx) => {
      const now = clock.now();
      const { id } = await trx
        .insertInto('comments')
        .values({ ticket_id: ticketId, author_id: author.id, body, created_at: now })
        .returning('id')
        .executeTakeFirstOrThrow();
      await attach(trx, attachments, { ticket_id: ticketId, comment_id: id });
      await trx
        .updateTable('tickets')
        .set({ updated_at: now })
        .$if(author.role === 'customer', (tickets) =>
          tickets.set({ status: 'open', closed_at: null }),
        )
        .where('id', '=', ticketId)
        .execute();
      await this.events.dispatch(new CommentAdded(ticketId, id, author.id));
      return id;
    });
  }

  change(ticketId: number, changes: TicketChanges, byId: number): Promise<void> {
    const { status, priority, assigneeId } = changes;
    return this.db.transaction(async (trx) => {
      const now = clock.now();
      await trx
        .updateTable('tickets')
        .set({
          updated_at: now,
          ...(priority && { priority }),
          ...(assigneeId !== undefined && { assignee_id: assigneeId }),
          ...(status && { status, closed_at: status === 'closed' ? now : null }),
        })
        .where('id', '=', ticketId)
        .execute();
      await this.events.dispatch(new TicketChanged(ticketId, changes, byId));
    });
  }
}

async function attach(
  trx: DatabaseTransaction,
  attachments: readonly Attachment[],
  to: { readonly ticket_id: number; readonly comment_id?: number },
): Promise<void> {
  if (attachments.length === 0) return;
  const rows = attachments.map((attachment) => ({ ...attachment, ...to }));
  await trx.insertInto('attachments').values(rows).execute();
}
