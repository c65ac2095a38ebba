import {
  back,
  Database,
  injectable,
  paginate,
  redirectToRoute,
  validated,
  view,
  type Request,
} from 'trilite';
import { z } from 'zod';
import { Accounts } from '../../accounts/accounts';
import { PRIORITIES, STATUSES, subject } from '../../tickets/ticket';
import { TicketCounts } from '../../tickets/ticket-counts';
import { ticketList } from '../../tickets/ticket-list';
import { Tickets } from '../../tickets/tickets';
import { ROW_NUMBER } from '../bind-number';
import { storeAll, theFiles } from '../the-files';
import { visibleTicket } from '../the-ticket';
import { userOf, visibleTo } from '../user-of';

/** A choice that a form leaves open is an empty text. */
const orAny = <T>(schema: z.ZodType<T>) => schema.optional().catch(undefined);

const filter = validated({
  query: z.object({
    search: z.string().max(200).default(''),
    status: orAny(z.enum(STATUSES)),
    priority: orAny(z.enum(PRIORITIES)),
    assignee: orAny(z.enum(['me', 'nobody'])),
    page: z.string().optional(),
  }),
});

const newTicket = validated(
  z.object({
    subject,
    body: z.string().trim().min(1, 'What has happened?').max(20_000),
    priority: z.enum(PRIORITIES).default('normal'),
  }),
);

const changes = validated(
  z.object({
    status: z.enum(STATUSES).optional(),
    priority: z.enum(PRIORITIES).optional(),
    // '' is nobody
    assignee: z
      .string()
      .refine((id) => id === '' || ROW_NUMBER.test(id), 'Only agents answer tickets.')
      .optional(),
  }),
);

/** Tickets: those of everybody for agents, one's own for customers. */
@injectable()
export class TicketController {
  constructor(
    private readonly db: Database,
    private readonly tickets: Tickets,
    private readonly counts: TicketCounts,
    private readonly accounts: Accounts,
  ) {}

  @filter
  async index(request: Request) {
    const { query } = request.valid(filter);
    const user = userOf(request);
    const visible = visibleTo(user);
    const assigneeId = query.assignee && { me: user.id, nobody: null }[query.assignee];
    const tickets = ticketList(this.db, visible, { ...query, assigneeId });
    return view('tickets/index', {
      filter: query,
      page: await paginate(this.db, tickets, { page: query.page }),
      counts: await this.counts.of(visible),
    });
  }

  create() {
    return view('tickets/create');
  }

  @newTicket
  @theFiles
  async store(request: Request) {
    const files = await storeAll(request.file(theFiles));
    const { id } = userOf(request);
    const ticket = await this.tickets.open(request.valid(newTicket), id, files);
    return redirectToRoute('tickets.show', { ticket }).with('status', 'The ticket is open.');
  }

  async show(request: Request) {
    const ticket = visibleTicket(request);
    const attachments = this.db.selectFrom('attachments').selectAll();
    const comments = this.db
      .selectFrom('comments')
      .innerJoin('users', 'users.id', 'comments.author_id')
      .selectAll('comments')
      .select(['users.name as author', 'users.role'])
      .where('ticket_id', '=', ticket.id);
    return view('tickets/show', {
      ticket,
      comments: await comments.orderBy('comments.id').execute(),
      attachments: await attachments.where('ticket_id', '=', ticket.id).execute(),
      agents: await this.accounts.agents(),
    });
  }

  @changes
  async update(request: Request) {
    const ticket = visibleTicket(request);
    const { assignee, ...rest } = request.valid(changes);
    const assigneeId = assignee === undefined ? undefined : Number(assignee) || null;
    const agents = await this.accounts.agents();
    if (assigneeId && !agents.some(({ id }) => id === assigneeId)) {
      return back('/').withErrors({ assignee: 'Only agents answer tickets.' });
    }
    await this.tickets.change(ticket.id, { ...rest, assigneeId }, userOf(request).id);
    return redirectToRoute('tickets.show', { ticket: ticket.id }).with('status', 'Changed.');
  }
}
