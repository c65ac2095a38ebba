import { Database } from 'trilite';
import { createTestApplication, type TestApplication } from 'trilite/testing';
import { reportFactory } from '../../database/factories/report-factory';

let app: TestApplication;

beforeEach(async () => {
  app = await createTestApplication();
});

afterEach(() => app.close());

test('a report of the factory is stored as it was invented', async () => {
  const factory = reportFactory.state({ visits: 7 });
  const report = await app.tenancy.central(() => factory.create(app.make(Database)));
  await app.assertDatabaseHas('reports', report);
  expect(report.visits).toBe(7);
});

test('the seeder fills in reports, one of them without visits', async () => {
  await app.tenancy.central(() => app.seed());
  await app.assertDatabaseCount('reports', 21);
  await app.assertDatabaseHas('reports', { visits: 0 });
});
