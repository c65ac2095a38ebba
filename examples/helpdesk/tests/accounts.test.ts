import { travel, travelBack } from 'trilite/testing';
import { Accounts } from '../app/accounts/accounts';
import { Organisations } from '../app/organisations/organisations';
import { linkMailedTo, openSite, type Site } from './support/site';

let site: Site;

beforeEach(async () => {
  site = await openSite();
});

afterEach(async () => {
  travelBack();
  await site.app.close();
});

const grace = { name: 'Grace', email: 'Grace@Example.com', password: 'a long password' };

test('signing up makes a help desk, and lets its first agent in by an address that is signed', async () => {
  const central = site.app.client().followRedirects();
  const form = { organisation: 'Globex', id: 'globex', about: 'Weather.', ...grace };
  const { text } = await central
    .form('/organisations', form)
    .assertOk()
    .assertSee('Globex is ready');
  await central.get('/').assertSee('Globex', 'Weather.');

  const [, escaped = ''] = /href="(http:\/\/globex[^"]+)"/.exec(text) ?? [];
  const address = escaped.replaceAll('&amp;', '&');
  const browser = site.app.client().asTenant('globex').followRedirects();
  await browser.get(address).assertOk().assertSee('Welcome, Grace.');
  await browser.get('/people').assertSee('grace@example.com', 'agent');
  // Who finds it later, as in the history of the browser, has to sign in
  await site.app.client().asTenant('globex').followRedirects().get(address).assertSee('Sign in');
});

test('an organisation that is suspended is listed as closed, and one that is gone does no harm', async () => {
  const central = site.app.client();
  const form = { organisation: 'Globex', id: 'globex', about: 'Weather.', ...grace };
  await central.form('/organisations', form).assertRedirect('/organisations/globex/ready');
  await site.app.tenancy.suspend('globex');
  await central.get('/').assertSee('Globex', 'Closed').assertDontSee('globex.localhost');
  await site.app.tenancy.delete('globex');
  await site.app.tenancy.purge('globex');
  await central.get('/').assertSee('Globex', 'Closed');
});

test('an address that was altered lets nobody in, and one of another organisation neither', async () => {
  await site.app.tenancy.create('globex');
  await site.as('agent');
  const browser = site.app.client().asTenant('acme');
  await browser.get('/enter/1?signature=none').assertForbidden();
  await browser.get('/').assertRedirect('/login?next=%2F');
});

test.each([
  ['acme', 'This one is taken.'],
  ['www', 'Take letters'],
  ['a--b', 'Take letters'],
])('the address "%s" is refused: %s', async (id, problem) => {
  const client = site.app.client().from('/organisations/create').followRedirects();
  const page = await client.form('/organisations', { organisation: 'Other', id, ...grace });
  page.assertSee(problem, 'Other').assertDontSee(grace.password);
});

test('a customer opens an account, signs out, and signs in to the page they wanted', async () => {
  const browser = site.app.client().asTenant('acme').followRedirects();
  const link = await linkMailedTo(grace.email, site);
  await browser.get(link).assertOk().assertSee('grace@example.com is your address.');
  await browser.form(link, grace).assertOk().assertSee('Welcome, Grace.', 'New ticket');
  await browser.form('/logout', {}).assertSee('Sign in');
  await browser.get('/tickets?status=open').assertSee('Sign in');
  const wrong = { email: grace.email, password: 'another password' };
  await browser.from('/login').form('/login', wrong).assertSee('Nobody has this address');
  const right = { ...grace, next: '/tickets?status=open' };
  await browser.form('/login', right).assertOk().assertSee('Tickets', 'Grace');
});

test('nobody opens an account for an address without the mail that it got', async () => {
  const browser = site.app.client().asTenant('acme');
  const link = await linkMailedTo('eve@example.com', site);
  const forged = link.replace('eve', 'grace');
  await browser.get(forged).assertForbidden();
  await browser.form(forged, grace).assertForbidden();
  await browser.form('/register/grace@example.com', grace).assertForbidden();
  travel('2h');
  await browser.form(link, grace).assertForbidden();
  expect(await site.inAcme((db) => db.selectFrom('users').selectAll().execute())).toEqual([]);
});

test('a customer who was imported registers, and keeps what is theirs', async () => {
  const { user } = await site.as('customer');
  const browser = site.app.client().asTenant('acme').followRedirects();
  await browser.form(await linkMailedTo(user.email, site), grace).assertSee('Welcome, Grace.');
  const users = site.inAcme((db) => db.selectFrom('users').select(['id', 'name']).execute());
  expect(await users).toEqual([{ id: user.id, name: 'Grace' }]);
});

test('a link is worth nothing once the address has a password, and another is not sent', async () => {
  const browser = site.app.client().asTenant('acme').followRedirects();
  const link = await linkMailedTo(grace.email, site);
  await browser.form(link, grace).assertOk();
  const eve = site.app.client().asTenant('acme').followRedirects();
  await eve.form(link, { ...grace, password: 'of somebody else' }).assertSee('sign in');
  expect(await linkMailedTo(grace.email, site)).toBe('/login');
  await eve.form('/login', { ...grace, password: 'of somebody else' }).assertSee('Nobody has');
});

test('after signing in nobody is sent to another site', async () => {
  const browser = site.app.client().asTenant('acme');
  await browser.form(await linkMailedTo(grace.email, site), grace);
  await browser.form('/login', { ...grace, next: '//evil.example' }).assertRedirect('/');
});

test('who guesses passwords is slowed down', async () => {
  const browser = site.app.client().asTenant('acme').from('/login');
  const guess = { email: grace.email, password: 'guess' };
  for (let tries = 0; tries < 5; tries += 1) await browser.form('/login', guess).assertRedirect();
  await browser.form('/login', guess).assertTooManyRequests();
  await browser.form('/login', { ...guess, email: 'ada@example.com' }).assertRedirect();
});

test('an agent makes others agents, and keeps their own role', async () => {
  const agent = await site.as('agent');
  const customer = await site.as('customer');
  await customer.client.get('/people').assertForbidden();
  const others = `/people/${customer.user.id}`;
  await agent.client.form(others, { role: 'agent' }, 'patch').assertRedirect('/people');
  await agent.client.form(`/people/${agent.user.id}`, { role: 'customer' }, 'patch');
  const people = await site.inAcme((db) => db.selectFrom('users').select('role').execute());
  expect(people).toEqual([{ role: 'agent' }, { role: 'agent' }]);
});

test('of two agents who make customers of each other at once, one stays', async () => {
  const { user: ada } = await site.as('agent');
  const { user: bob } = await site.as('agent');
  const given = await site.app.tenancy.run(site.acme, () => {
    const accounts = site.app.make(Accounts);
    return Promise.all([ada, bob].map(({ id }) => accounts.give(id, 'customer')));
  });
  expect(given).toEqual([true, false]);
});

test('an organisation whose first agent could not be added leaves no files', async () => {
  jest.spyOn(Accounts.prototype, 'open').mockRejectedValueOnce(new Error('The disk is full'));
  const globex = { id: 'globex', name: 'Globex', about: '', agent: grace };
  const founding = site.app.make(Organisations).found(globex);
  await expect(founding).rejects.toThrow('The disk is full');
  expect(await site.app.tenancy.find('globex')).toBeUndefined();
});

test('a page that is not there is told in the layout of the others', async () => {
  const page = await site.app.client().asTenant('acme').withHeader('Accept', 'text/html').get('/x');
  page.assertNotFound().assertSee('Skip to content', 'To the first page');
  const { client } = await site.as('agent');
  const missing = client.withHeader('Accept', 'text/html').get('/tickets/7').assertNotFound();
  await missing.assertSee('There is no', 'Sign out');
});

test('pages hold neither scripts nor styles', async () => {
  const { client } = await site.as('agent');
  for (const path of ['/', '/tickets', '/tickets/create', '/imports', '/reports', '/people']) {
    const { text } = await client.get(path).assertOk();
    expect(text).not.toMatch(/<style|style="|<script(?! src=)|\son\w+="/);
  }
});
