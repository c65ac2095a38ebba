import { Database } from 'trilite';
import {
  createTestApplication,
  describeTenantIsolation,
  type TestApplication,
} from 'trilite/testing';
import { Accounts } from '../app/accounts/accounts';
import { ApiTokens } from '../app/accounts/api-tokens';
import { BuildReport } from '../app/jobs/build-report';
import { SendNotification } from '../app/jobs/send-notification';
import { ticketFactory } from '../database/factories/ticket-factory';

const PASSWORD = 'a long password';

/** What the agents and programs of the organisations of one application send with each request. */
const signedIn = new WeakMap<TestApplication, Map<string, Promise<Record<string, string>>>>();

describeTenantIsolation({
  create: createTestApplication,
  tenants: 2,
  arrange: async ({ id, canary }, scope) => {
    const account = { name: `Ada ${canary}`, email: `ada@${id}.example`, password: PASSWORD };
    const agent = await scope.make(Accounts).open(account, 'agent');
    // By the factory, which tells nobody: no job of this is still on its way when the requests begin
    const text = { subject: canary, body: canary };
    const ticket = await ticketFactory.state(text).create(scope.make(Database));
    return { agentId: agent?.id ?? 0, ticketId: ticket.id };
  },
  headers: ({ id }, app) => {
    const known = signedIn.get(app) ?? new Map<string, Promise<Record<string, string>>>();
    signedIn.set(app, known);
    const own = known.get(id) ?? signIn(app, id);
    known.set(id, own);
    return own;
  },
  requests: [
    { path: '/' },
    { path: '/tickets' },
    { path: '/people' },
    { path: '/imports' },
    { path: '/reports' },
    { path: '/api/tickets' },
    ({ canary }) => ({ path: `/tickets?search=${canary}` }),
    ({ values }) => ({ path: `/tickets/${values['ticketId']}` }),
    ({ canary }) => ({
      method: 'POST',
      path: '/tickets',
      body: { subject: canary, body: canary },
    }),
    ({ canary, values }) => ({
      method: 'POST',
      path: `/tickets/${values['ticketId']}/comments`,
      body: { body: canary },
    }),
    ({ canary }) => ({
      method: 'POST',
      path: '/api/tickets',
      body: {
        subject: canary,
        body: canary,
        requester: { name: canary, email: 'someone@example.com' },
      },
    }),
  ],
  jobs: [
    { job: BuildReport },
    ({ values }) => ({
      job: SendNotification,
      payload: {
        about: 'opened',
        ticketId: values['ticketId'],
        commentId: 1,
        userId: values['agentId'],
      },
    }),
  ],
});

async function signIn(app: TestApplication, id: string): Promise<Record<string, string>> {
  const fields = { email: `ada@${id}.example`, password: PASSWORD };
  const { headers } = await app.client().asTenant(id).form('/login', fields).assertRedirect('/');
  const cookies = [headers['set-cookie'] ?? []].flat().map((cookie) => cookie.split(';')[0]);
  const token = await app.tenancy.run(id, () => app.make(ApiTokens).renew());
  return {
    Cookie: cookies.join('; '),
    Authorization: `Bearer ${token}`,
    'Sec-Fetch-Site': 'same-origin',
  };
}
