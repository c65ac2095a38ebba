import { clock, Database, injectable, type Seeder } from 'trilite';
import { Accounts } from '../../app/accounts/accounts';
import { Tickets } from '../../app/tickets/tickets';
import { ticketFactory } from '../factories/ticket-factory';
import { userFactory } from '../factories/user-factory';

const DAY_MS = 24 * 60 * 60 * 1000;

/** People and tickets for one organisation: run in its work. */
@injectable()
export class DemoSeeder implements Seeder {
  constructor(
    private readonly db: Database,
    private readonly accounts: Accounts,
    private readonly tickets: Tickets,
  ) {}

  async run(): Promise<void> {
    const grace = { name: 'Grace', email: 'grace@example.com', password: 'helpdesk-demo' };
    const customer = await this.accounts.open(grace, 'customer');
    const agent = await userFactory.state('agent').create(this.db);
    const people = await userFactory.count(8).create(this.db);
    for (const state of ['open', 'pending', 'closed'] as const) {
      await ticketFactory
        .state(state)
        .state({ assignee_id: agent.id })
        .state((_row, { faker }) => ({ requester_id: faker.helpers.arrayElement(people).id }))
        .count(12)
        .create(this.db);
    }
    // One with a history: the others have come without anybody being told
    const ticket = await this.tickets.open(
      {
        subject: 'The rocket skates pull to the left',
        body: 'Mostly at cliffs.',
        priority: 'high',
      },
      customer?.id ?? agent.id,
    );
    await this.tickets.comment(ticket, { body: 'Which boots do you wear?', author: agent });
    await this.report();
  }

  private async report(): Promise<void> {
    const days = [3, 2, 1].map((ago) => new Date(clock.now() - ago * DAY_MS).toISOString());
    const reports = days.map((day, index) => ({
      day: day.slice(0, 10),
      opened: 4 + index,
      closed: 5 - index,
      comments: 11 + index,
      waiting: 24 + index * 2,
    }));
    await this.db.insertInto('reports').values(reports).execute();
  }
}
