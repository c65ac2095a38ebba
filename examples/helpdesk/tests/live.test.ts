import type { ServerEvent } from 'trilite';
import { LiveFeed } from '../app/live/live-feed';
import { openSite, type Site } from './support/site';

let site: Site;

beforeEach(async () => {
  site = await openSite();
});

afterEach(() => site.app.close());

const printer = { subject: 'The printer is on fire', body: 'Since noon.' };

/** What the feed tells an agent until an event fits, or it ends. */
async function told(
  after: number,
  fits: (event: ServerEvent, agentId: number) => boolean | Promise<boolean>,
): Promise<ServerEvent[]> {
  const { user } = await site.as('agent');
  return site.app.tenancy.run(site.acme, async () => {
    const end = new AbortController();
    const events: ServerEvent[] = [];
    for await (const event of site.app.make(LiveFeed).events(user.id, after, end.signal)) {
      events.push(event);
      if (await fits(event, user.id)) break;
    }
    return events;
  });
}

test('the feed goes on behind the last activity that a browser knows', async () => {
  const { client, user } = await site.as('customer');
  await client.form('/tickets', printer);
  await client.form('/tickets/1/comments', { body: 'It is worse.' });
  const [first, second, third] = await told(0, ({ event }) => event === 'counts');
  expect(first).toMatchObject({
    id: 1,
    data: { text: `${user.name} opened #1 ${printer.subject}` },
  });
  expect(second).toMatchObject({ event: 'activity', id: 2, data: { ticket_id: 1 } });
  expect(third).toEqual({ event: 'counts', data: { open: 1, pending: 0, closed: 0 } });
  const [next] = await told(1, ({ event }) => event === 'counts');
  expect(next).toMatchObject({ event: 'activity', id: 2 });
});

test('an import is told of while it goes on, and once more when it has ended', async () => {
  const { client } = await site.as('agent');
  const file = new File(['subject,email\nA,a@example.com'], 'old.csv', { type: 'text/csv' });
  await client.form('/imports', { file });
  const isFinished = ({ event, data }: ServerEvent) =>
    event === 'import' && (data as { isFinished: boolean }).isFinished;
  let work: Promise<unknown> | undefined;
  const events = await told(0, (event) => {
    if (event.event === 'import') work ??= site.app.runJobs();
    return isFinished(event);
  });
  await work;
  const states = events.filter(({ event }) => event === 'import').map(({ data }) => data);
  expect(states[0]).toMatchObject({ percent: 0, tickets: 0 });
  expect(states.at(-1)).toMatchObject({ percent: 100, tickets: 1 });
});

test('who is made a customer hears no more', async () => {
  const events = await told(0, async (_event, agentId) => {
    await site.inAcme((db) =>
      db.updateTable('users').set({ role: 'customer' }).where('id', '=', agentId).execute(),
    );
    return false;
  });
  expect(events).toMatchObject([{ event: 'counts' }]);
});

test('an import that is deleted while it is watched is told of no more', async () => {
  const { client } = await site.as('agent');
  const file = new File(['subject,email\nA,a@example.com'], 'old.csv', { type: 'text/csv' });
  await client.form('/imports', { file });
  const events = await told(0, async ({ event, data }) => {
    if (event === 'import') {
      await site.inAcme((db) => db.deleteFrom('imports').execute());
      await client.form('/tickets', printer);
    }
    return (data as { open?: number } | undefined)?.open === 1;
  });
  const imports = events.filter(({ event }) => event === 'import');
  expect(imports).toMatchObject([{ data: { id: 1 } }]);
});

test('customers and strangers hear nothing', async () => {
  const { client } = await site.as('customer');
  await client.get('/live').assertForbidden();
  await site.app.client().asTenant('acme').get('/live').assertRedirect();
});
