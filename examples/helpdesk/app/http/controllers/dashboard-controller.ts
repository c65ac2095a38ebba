import { injectable, redirectToRoute, view, type Request } from 'trilite';
import { Imports } from '../../imports/imports';
import { Activities } from '../../tickets/activities';
import { TicketCounts } from '../../tickets/ticket-counts';
import { userOf } from '../user-of';

/** What is going on, for agents. Customers are shown their tickets instead. */
@injectable()
export class DashboardController {
  constructor(
    private readonly counts: TicketCounts,
    private readonly activities: Activities,
    private readonly imports: Imports,
  ) {}

  async show(request: Request) {
    if (userOf(request).role === 'customer') return redirectToRoute('tickets.index');
    const activities = await this.activities.latest(20);
    return view('dashboard', {
      activities,
      // What comes after it is sent live
      after: activities[0]?.id ?? 0,
      counts: await this.counts.of('all'),
      imports: await this.imports.running(),
    });
  }
}
