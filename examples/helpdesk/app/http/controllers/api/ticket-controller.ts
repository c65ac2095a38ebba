import {
  answer,
  Database,
  injectable,
  paginate,
  UrlGenerator,
  validated,
  type Request,
} from 'trilite';
import { z } from 'zod';
import { Accounts } from '../../../accounts/accounts';
import { email } from '../../../accounts/new-account';
import { PRIORITIES, STATUSES, subject } from '../../../tickets/ticket';
import { ticketList, ticketsWithNames } from '../../../tickets/ticket-list';
import { Tickets } from '../../../tickets/tickets';
import { ticketResource } from '../../resources/ticket-resource';
import { theTicket } from '../../the-ticket';

const filter = validated({
  query: z.object({
    status: z.enum(STATUSES).optional(),
    priority: z.enum(PRIORITIES).optional(),
    search: z.string().max(200).optional(),
    page: z.string().optional(),
  }),
});

const newTicket = validated(
  z.object({
    subject,
    body: z.string().trim().min(1).max(20_000),
    priority: z.enum(PRIORITIES).default('normal'),
    requester: z.object({ email, name: z.string().trim().min(1).max(80) }),
  }),
);

/** Tickets for programs, which see those of everybody. */
@injectable()
export class ApiTicketController {
  constructor(
    private readonly db: Database,
    private readonly accounts: Accounts,
    private readonly tickets: Tickets,
    private readonly urls: UrlGenerator,
  ) {}

  @filter
  async index(request: Request) {
    const { page, ...wanted } = request.valid(filter).query;
    return ticketResource.page(
      await paginate(this.db, ticketList(this.db, 'all', wanted), { page }),
    );
  }

  show(request: Request) {
    return ticketResource(request.bound(theTicket));
  }

  @newTicket
  async store(request: Request) {
    const { requester, ...ticket } = request.valid(newTicket);
    const requesterId = await this.accounts.findOrAdd(requester.email, requester.name);
    const id = await this.tickets.open(ticket, requesterId);
    const rows = ticketsWithNames(this.db).where('tickets.id', '=', id);
    return answer(ticketResource(await rows.executeTakeFirstOrThrow()))
      .status(201)
      .header('Location', this.urls.absoluteUrl('api.tickets.show', { ticket: id }));
  }
}
