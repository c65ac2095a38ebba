import { Database } from 'trilite';
import { travelBack, travelTo } from 'trilite/testing';
import { ticketFactory } from '../database/factories/ticket-factory';
import { openSite, type Site } from './support/site';

let site: Site;

beforeEach(async () => {
  travelTo(new Date('2026-01-15T23:00:00Z'));
  site = await openSite();
});

afterEach(async () => {
  travelBack();
  await site.app.close();
});

const at = (time: string) => {
  const ms = Date.parse(time);
  return { created_at: ms, updated_at: ms };
};

test('each night counts the day before, for each organisation by itself', async () => {
  await site.app.tenancy.create('globex');
  const { client } = await site.as('agent');
  await site.inAcme(async (db) => {
    await ticketFactory.state(at('2026-01-14T23:59:59Z')).create(db);
    await ticketFactory.state(at('2026-01-15T00:00:00Z')).create(db);
    await ticketFactory.state(at('2026-01-15T12:00:00Z')).state('closed').create(db);
  });
  travelTo(new Date('2026-01-16T00:10:00Z'));
  await site.app.scheduler().runDue();
  await site.app.runJobs();

  const reportsOf = (id: string) =>
    site.app.tenancy.run(id, () =>
      site.app.make(Database).selectFrom('reports').selectAll().execute(),
    );
  const counts = { opened: 2, closed: 1, comments: 0, waiting: 2 };
  expect(await reportsOf('acme')).toEqual([{ day: '2026-01-15', ...counts }]);
  expect(await reportsOf('globex')).toMatchObject([{ day: '2026-01-15', opened: 0, waiting: 0 }]);
  await client.get('/reports').assertSee('2026-01-15');
});
