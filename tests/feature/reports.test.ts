import { Database } from 'trilite';
import { createTestApplication, type TestApplication } from 'trilite/testing';
import { reportFactory } from '../../database/factories/report-factory';

let app: TestApplication;

beforeEach(async () => {
  app = await createTestApplication();
});

afterEach(() => app.close());

test('a report of the factory is stored as it was invented', async () => {
  const report = await reportFactory.state({ visits: 7 }).create(app.make(Database));
  const stored = await app.make(Database).selectFrom('reports').selectAll().execute();
  expect(stored).toEqual([report]);
  expect(report.visits).toBe(7);
});

test('the seeder fills in reports, one of them without visits', async () => {
  await app.seed();
  const reports = await app.make(Database).selectFrom('reports').select('visits').execute();
  expect(reports).toHaveLength(21);
  expect(reports.filter(({ visits }) => visits === 0)).toHaveLength(1);
});
