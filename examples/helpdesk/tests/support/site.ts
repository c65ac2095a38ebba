import { Database, type Tenant } from 'trilite';
import { createTestApplication, type TestApplication, type TestClient } from 'trilite/testing';
import { MailTransport, type MemoryTransport } from '../../app/mail/mail-transport';
import { userFactory } from '../../database/factories/user-factory';
import type { Role, User } from '../../app/accounts/user';

/** The application with an organisation, and browsers in front of it. */
export interface Site {
  readonly app: TestApplication;
  readonly acme: Tenant;
  /** A browser of somebody who was just added to the organisation, and has signed in. */
  readonly as: (role: Role) => Promise<{ user: User; client: TestClient }>;
  /** Runs work for the organisation on its database. */
  readonly inAcme: <T>(work: (db: Database) => Promise<T>) => Promise<T>;
}

/** Has an address registered, and answers the path of the link that it is mailed. */
export async function linkMailedTo(email: string, { app }: Site): Promise<string> {
  await app.client().asTenant('acme').form('/register', { email }).assertRedirect('/register');
  await app.runJobs();
  const mail = (app.make(MailTransport) as MemoryTransport).sent.at(-1);
  expect(mail?.to).toBe(email.toLowerCase());
  const { pathname, search } = new URL(/http:\S+/.exec(mail?.text ?? '')?.[0] ?? '');
  return pathname + search;
}

export async function openSite(): Promise<Site> {
  const app = await createTestApplication();
  const acme = await app.tenancy.create({ id: 'acme', name: 'Acme' });
  const inAcme = <T>(work: (db: Database) => Promise<T>) =>
    app.tenancy.run(acme, () => work(app.make(Database)));
  const as = async (role: Role) => {
    const row = await inAcme((db) => userFactory.state({ role }).create(db));
    const user: User = { id: row.id, name: row.name, email: row.email, role };
    return { user, client: app.client().asTenant('acme').actingAs(user) };
  };
  return { app, acme, as, inAcme };
}
