import { travel, travelBack, travelTo, type TestClient } from 'trilite/testing';
import { ticketFactory } from '../database/factories/ticket-factory';
import { ApiTokens } from '../app/accounts/api-tokens';
import { openSite, type Site } from './support/site';

let site: Site;
let api: TestClient;

beforeEach(async () => {
  site = await openSite();
  const token = await site.app.tenancy.run(site.acme, () => site.app.make(ApiTokens).renew());
  api = site.app.client().asTenant('acme').withToken(token);
});

afterEach(async () => {
  travelBack();
  await site.app.close();
});

const requester = { name: 'Ada', email: 'ada@example.com' };

test('tickets are listed in pages with links, and filtered', async () => {
  await site.inAcme((db) => ticketFactory.count(17).create(db));
  await site.inAcme((db) => ticketFactory.state('closed').create(db));
  const first = await api.get('/api/tickets?status=open').assertOk().assertJsonCount(15, 'data');
  first
    .assertJsonPath('links.next', '/api/tickets?status=open&page=2')
    .assertJsonPath('meta.total', 17);
  await api.get('/api/tickets?status=open&page=2').assertJsonCount(2, 'data');
  await api.get('/api/tickets?status=lost').assertUnprocessable();
  await api.get('/api/tickets?page=none').assertBadRequest();
});

test('a ticket is opened for a customer, who is added, and found at its address', async () => {
  const ticket = { subject: 'Hello', body: 'World', requester };
  const { headers } = await api
    .post('/api/tickets', ticket)
    .assertCreated()
    .assertJson({ data: { id: 1, status: 'open', priority: 'normal', requester } })
    .assertJsonMissingPath('data.source');
  await api.get(String(headers['location'])).assertOk().assertJsonPath('data.subject', 'Hello');
  for (const id of ['2', 'abc', '1e0']) {
    await api.get(`/api/tickets/${id}`).assertNotFound().assertJsonPath('code', 'E_NOT_FOUND');
  }
});

test('what is wrong with a ticket is told as problem JSON', async () => {
  const refused = await api.post('/api/tickets', { subject: '', requester: { name: 'Ada' } });
  refused
    .assertUnprocessable()
    .assertHeader('content-type', /application\/problem\+json/)
    .assertJsonValidationErrors(['subject', 'body', 'requester.email']);
  const lines = { subject: 'Hello\nBcc: eve@example.com', body: 'World', requester };
  await api.post('/api/tickets', lines).assertJsonValidationErrors(['subject']);
});

test('without the token, or with one that was replaced or is of others, nobody gets in', async () => {
  await site.app.tenancy.create('globex');
  const strangers = site.app.client();
  await strangers.asTenant('acme').get('/api/tickets').assertUnauthorized();
  await api.asTenant('globex').get('/api/tickets').assertUnauthorized();
  const agent = await site.as('agent');
  await agent.client.get('/api/tickets').assertUnauthorized();
  const page = await agent.client.followRedirects().form('/token', {}).assertOk();
  const [, token = ''] = /<code>(hd_[\w-]+)<\/code>/.exec(page.text) ?? [];
  await api.get('/api/tickets').assertUnauthorized().assertHeader('www-authenticate', 'Bearer');
  await strangers.asTenant('acme').withToken(token).get('/api/tickets').assertOk();
  await agent.client.get('/token').assertDontSee(token);
});

test('an organisation asks sixty times a minute, and takes nothing from another', async () => {
  travelTo(new Date('2026-01-01T12:00:00Z'));
  const globex = await site.app.tenancy.create('globex');
  const other = await site.app.tenancy.run(globex, () => site.app.make(ApiTokens).renew());
  for (let at = 0; at < 60; at += 1) await api.get('/api/tickets').assertOk();
  const refused = await api.get('/api/tickets').assertTooManyRequests();
  refused.assertHeader('retry-after', '60').assertJsonPath('code', 'E_TOO_MANY_REQUESTS');
  await site.app.client().asTenant('globex').withToken(other).get('/api/tickets').assertOk();
  travel('1m');
  await api.get('/api/tickets').assertOk();
});
