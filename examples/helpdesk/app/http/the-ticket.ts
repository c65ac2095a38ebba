import { Database, NotFoundError, type Request } from 'trilite';
import { ticketsWithNames } from '../tickets/ticket-list';
import { bindNumber } from './bind-number';
import { userOf } from './user-of';

/** The ticket of an address, with the names of its people. */
export const theTicket = bindNumber('ticket', (id, scope) =>
  ticketsWithNames(scope.make(Database)).where('tickets.id', '=', id).executeTakeFirst(),
);

/** The same, if who asks may see it. To others it is not there: that it is would tell them something. */
export function visibleTicket(request: Request) {
  const ticket = request.bound(theTicket);
  const { id, role } = userOf(request);
  if (role === 'agent' || ticket.requester_id === id) return ticket;
  throw NotFoundError.because('There is no such ticket.');
}
