import { defineResource } from 'trilite';
import type { ticketsWithNames } from '../../tickets/ticket-list';

type TicketRow = Awaited<
  ReturnType<ReturnType<typeof ticketsWithNames>['executeTakeFirstOrThrow']>
>;

/** A ticket as programs see it. */
export const ticketResource = defineResource((ticket: TicketRow) => ({
  id: ticket.id,
  subject: ticket.subject,
  body: ticket.body,
  status: ticket.status,
  priority: ticket.priority,
  requester: { name: ticket.requester, email: ticket.requesterEmail },
  assignee: ticket.assignee,
  createdAt: new Date(ticket.created_at),
  updatedAt: new Date(ticket.updated_at),
}));
