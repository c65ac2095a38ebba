import { sql, type Database } from 'trilite';
import type { Priority, Status, Visible } from './ticket';

/** Which tickets are asked for; what is undefined does not matter. */
export interface TicketFilter {
  /** Who answers them; null for nobody. */
  readonly assigneeId?: number | null | undefined;
  readonly status?: Status | undefined;
  readonly priority?: Priority | undefined;
  /** Words that they hold, or words that begin so. */
  readonly search?: string | undefined;
}

/** The query for some of the tickets that somebody sees, with the names of their people, latest first. */
export function ticketList(db: Database, visible: Visible, filter: TicketFilter) {
  const { assigneeId, status, priority, search = '' } = filter;
  // A NUL would end what FTS5 reads
  const words = search.split(/[\s\0]+/).filter((word) => word !== '');
  const tickets = ticketsWithNames(db);
  const seen =
    visible === 'all' ? tickets : tickets.where('requester_id', '=', visible.requesterId);
  return seen
    .$if(assigneeId !== undefined, (query) => query.where('assignee_id', 'is', assigneeId ?? null))
    .$if(status !== undefined, (query) => query.where('status', '=', status ?? ''))
    .$if(priority !== undefined, (query) => query.where('priority', '=', priority ?? ''))
    .$if(words.length > 0, (query) => query.where('tickets.id', 'in', found(words)))
    .orderBy('tickets.updated_at', 'desc')
    .orderBy('tickets.id', 'desc');
}

export function ticketsWithNames(db: Database) {
  return db
    .selectFrom('tickets')
    .innerJoin('users as requester', 'requester.id', 'tickets.requester_id')
    .leftJoin('users as assignee', 'assignee.id', 'tickets.assignee_id')
    .selectAll('tickets')
    .select(['requester.name as requester', 'requester.email as requesterEmail'])
    .select('assignee.name as assignee');
}

/** Each word in quotes, so that what people type is no syntax of FTS5. */
function found(words: readonly string[]) {
  const match = words.map((word) => `"${word.replaceAll('"', '""')}"*`).join(' ');
  return sql<number>`(select rowid from tickets_search where tickets_search match ${match})`;
}
