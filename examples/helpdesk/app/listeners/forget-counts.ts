import { injectable, type Listener, type ListensTo } from 'trilite';
import { CommentAdded } from '../events/comment-added';
import { TicketChanged } from '../events/ticket-changed';
import { TicketOpened } from '../events/ticket-opened';
import { TicketsImported } from '../events/tickets-imported';
import { TicketCounts } from '../tickets/ticket-counts';

type Event = TicketOpened | TicketChanged | CommentAdded | TicketsImported;

/** After the commit: whoever counts before it would keep what is about to be wrong. */
@injectable()
export class ForgetCounts implements Listener<Event> {
  static readonly listensTo: ListensTo<ForgetCounts> = [
    TicketOpened,
    TicketChanged,
    CommentAdded,
    TicketsImported,
  ];
  static readonly afterCommit = true;

  constructor(private readonly counts: TicketCounts) {}

  async handle(): Promise<void> {
    await this.counts.forget();
  }
}
