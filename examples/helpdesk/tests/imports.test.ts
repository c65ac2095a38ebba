import { readdirSync } from 'node:fs';
import { QueueDispatcher, StoredFiles } from 'trilite';
import { ImportTickets } from '../app/jobs/import-tickets';
import { Imports } from '../app/imports/imports';
import { openSite, type Site } from './support/site';

let site: Site;

beforeEach(async () => {
  site = await openSite();
});

afterEach(() => site.app.close());

const csv = (text: string) => new File([text], 'old tickets.csv', { type: 'text/csv' });

const rows = (count: number) =>
  Array.from({ length: count }, (_, at) => `Old ticket ${at},c${at % 3}@example.com`).join('\n');

const progress = () => site.app.tenancy.run(site.acme, () => site.app.make(Imports).progress(1));

test('a file becomes tickets in the worker, and its page says how far it is', async () => {
  const { client } = await site.as('agent');
  const page = client.followRedirects();
  const file = csv(`subject,email\n${rows(25)}`);
  await page.form('/imports', { file }).assertOk().assertSee('0 %', '0 of 25 rows are tickets');
  expect(await progress()).toMatchObject({ percent: 0, isFinished: false });
  await site.app.runJobs();
  expect(await progress()).toMatchObject({ percent: 100, tickets: 25, isFinished: true });
  await client.get('/imports/1').assertSee('100 %', '25 of 25 rows are tickets');
  await client.get('/tickets?search=old').assertSee('Old ticket 24', 'of 2, 25 in all');
  await client.get('/').assertSee('old tickets.csv is imported');
  const users = await site.inAcme((db) => db.selectFrom('users').select('id').execute());
  expect(users).toHaveLength(1 + 3);
});

test('what is wrong with a line is told, and keeps the others from nothing', async () => {
  const { client } = await site.as('agent');
  const file = csv(
    'subject,email,priority\nGood,a@example.com,odd\n,b@example.com,low\nBad,none,low\n"Two\nlines",c@example.com,low',
  );
  await client.form('/imports', { file });
  await site.app.runJobs();
  expect(await progress()).toMatchObject({ tickets: 1, problems: 3, isFinished: true });
  const page = await client.get('/imports/1');
  page.assertSeeInOrder('3', 'There is no subject.', '4', 'There is no address of a customer.');
  page.assertSee('The subject is one line of text.');
});

test('a job that runs twice makes no second tickets', async () => {
  const { client } = await site.as('agent');
  await client.form('/imports', { file: csv(`subject,email\n${rows(3)}`) });
  await site.app.runJobs();
  await site.app.tenancy.run(site.acme, async () => {
    const [name = ''] = readdirSync(site.app.make(StoredFiles).path('imports'));
    const again = { importId: 1, file: `imports/${name}`, from: 0, to: 10 };
    await site.app.make(QueueDispatcher).dispatch(ImportTickets, again);
  });
  expect(await site.app.runJobs()).toBe(1);
  expect(await progress()).toMatchObject({ tickets: 3 });
});

test.each([
  ['name\nAda', 'A column is missing: subject, email.'],
  ['subject,email\n"x', 'a quote that does not fit'],
  ['', 'A column is missing'],
])('a file that is none is refused at once: %j', async (text, problem) => {
  const { client } = await site.as('agent');
  const page = client.from('/imports').followRedirects();
  await page
    .form('/imports', { file: csv(text) })
    .assertOk()
    .assertSee(problem);
});

test('customers import nothing', async () => {
  const { client } = await site.as('customer');
  await client.form('/imports', { file: csv('subject,email\n') }).assertForbidden();
});
