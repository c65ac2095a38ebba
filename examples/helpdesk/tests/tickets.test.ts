import { openSite, type Site } from './support/site';

let site: Site;

beforeEach(async () => {
  site = await openSite();
});

afterEach(() => site.app.close());

const printer = { subject: 'The printer is on fire', body: 'Since noon.', priority: 'urgent' };

test('a customer opens a ticket and comments on it, and an agent answers it', async () => {
  const customer = await site.as('customer');
  const agent = await site.as('agent');
  const opened = await customer.client.followRedirects().form('/tickets', printer).assertOk();
  opened.assertSee(printer.subject, printer.body, 'The ticket is open.');

  const fields = { status: 'pending', assignee: String(agent.user.id) };
  await agent.client.form('/tickets/1', fields, 'patch').assertRedirect('/tickets/1');
  await agent.client.form('/tickets/1/comments', { body: 'Did you try water?' });
  await customer.client
    .get('/tickets/1')
    .assertSee('pending', `answered by ${agent.user.name}`, 'Did you try water?');

  await customer.client.form('/tickets/1/comments', { body: 'It is worse now.' });
  await agent.client.get('/tickets/1').assertSee('It is worse now.', 'open');
});

test('a ticket without a subject goes back to the form with what was typed', async () => {
  const { client } = await site.as('customer');
  const form = client.from('/tickets/create').followRedirects();
  const page = await form.form('/tickets', { ...printer, subject: ' ' }).assertOk();
  page.assertSee('There is no subject.', printer.body);
});

test('a customer sees their own tickets alone, and changes none', async () => {
  const ada = await site.as('customer');
  const eve = await site.as('customer');
  await ada.client.form('/tickets', printer);
  await eve.client.get('/tickets').assertDontSee(printer.subject);
  await eve.client.get('/tickets/1').assertNotFound();
  await eve.client.form('/tickets/1/comments', { body: 'Hello' }).assertNotFound();
  await ada.client.form('/tickets/1', { status: 'closed' }, 'patch').assertForbidden();
  await ada.client.get('/').assertRedirect('/tickets');
});

test('only agents can be told to answer a ticket', async () => {
  const customer = await site.as('customer');
  const agent = await site.as('agent');
  await customer.client.form('/tickets', printer);
  const change = { assignee: String(customer.user.id) };
  await agent.client.form('/tickets/1', change, 'patch').assertSessionHasErrors(['assignee']);
});

test.each(['banana', '1e1', '-1'])('"%s" is nobody who could answer a ticket', async (assignee) => {
  const { client, user } = await site.as('agent');
  await client.form('/tickets', printer);
  await client.form('/tickets/1', { assignee: String(user.id) }, 'patch');
  const json = client.withHeader('Accept', 'application/json');
  await json.form('/tickets/1', { assignee }, 'patch').assertUnprocessable();
  await client.get('/tickets/1').assertSee(`answered by ${user.name}`);
});

test.each(['/tickets/abc', '/tickets/1e0', '/tickets/01', '/imports/abc', '/imports/1e0'])(
  '%s is not there',
  async (path) => {
    const { client } = await site.as('agent');
    await client.form('/tickets', printer);
    await client.get(path).assertNotFound();
  },
);

test.each(['a\nb', 'a\r\nBcc: eve@example.com', 'a\0b', 'a\u2028b'])(
  'a subject is one line: %j',
  async (subject) => {
    const { client } = await site.as('customer');
    await client.form('/tickets', { ...printer, subject }).assertSessionHasErrors(['subject']);
  },
);

test('tickets are found by status, priority, who answers them, and the beginnings of words', async () => {
  const { client, user } = await site.as('agent');
  await client.form('/tickets', printer);
  await client.form('/tickets', { subject: 'Lost "keys"', body: 'Again.', priority: 'low' });
  await client.form('/tickets/1', { status: 'closed', assignee: String(user.id) }, 'patch');
  const isFound = async (query: string) => {
    const { text } = await client.get(`/tickets?${query}`).assertOk();
    return [text.includes('on fire'), text.includes('Lost')];
  };
  expect(await isFound('status=closed')).toEqual([true, false]);
  expect(await isFound('priority=low')).toEqual([false, true]);
  expect(await isFound('assignee=me')).toEqual([true, false]);
  expect(await isFound('assignee=nobody')).toEqual([false, true]);
  expect(await isFound('search=print+fir')).toEqual([true, false]);
  expect(await isFound('search=%22keys')).toEqual([false, true]);
  expect(await isFound('search=nothing')).toEqual([false, false]);
  expect(await isFound('search=%00')).toEqual([true, true]);
  expect(await isFound('search=fire%00')).toEqual([true, false]);
});

test('what is attached is downloaded by who sees the ticket, under the name it came with', async () => {
  const ada = await site.as('customer');
  const eve = await site.as('customer');
  const files = new File(['<script>alert(1)</script>'], 'page.html', { type: 'text/html' });
  await ada.client.form('/tickets', { ...printer, files });
  await ada.client.get('/tickets/1').assertSee('page.html');
  const file = await ada.client.get('/tickets/1/files/1').assertDownload('page.html');
  expect(file.text).toContain('alert');
  await eve.client.get('/tickets/1/files/1').assertNotFound();
  await eve.client.form('/tickets', printer);
  await eve.client.get('/tickets/2/files/1').assertNotFound();
});

test('the counts of the dashboard follow what happens, and are counted once in between', async () => {
  const { client } = await site.as('agent');
  const counts = async () => {
    const { text } = await client.get('/').assertOk();
    return [...text.matchAll(/data-count="\w+">(\d+)</g)].map(([, count]) => Number(count));
  };
  expect(await counts()).toEqual([0, 0, 0]);
  await client.form('/tickets', printer);
  expect(await counts()).toEqual([1, 0, 0]);
  // Behind the back of the events nobody notices
  await site.inAcme((db) => db.updateTable('tickets').set({ status: 'closed' }).execute());
  expect(await counts()).toEqual([1, 0, 0]);
  await client.form('/tickets/1', { status: 'pending' }, 'patch');
  expect(await counts()).toEqual([0, 1, 0]);
});
