import { sql } from 'kysely';
import { createTestApplication, type TestApplication } from 'trilite/testing';
import { createProject, exportDefault, type TestProject } from '../helpers/project';
import { TENANT_NOTES_MIGRATION } from '../helpers/tenants';

let project: TestProject;
let app: TestApplication;

beforeAll(async () => {
  project = createProject({
    'config/tenancy.js': exportDefault("{ mode: 'files' }"),
    'database/migrations/tenant/2026_01_01_000000_create_notes.js': TENANT_NOTES_MIGRATION,
  });
  app = await createTestApplication({ basePath: project.path });
  await app.tenancy.create({ id: 'acme' });
  await app.tenancy.run('acme', async () => {
    await sql`INSERT INTO notes (text) VALUES ('ours'), ('other')`.execute(app.database());
  });
  await app.tenancy.central(() => app.cache().put('greeting', 'Hello'));
});

afterAll(async () => {
  await app.close();
  project.remove();
});

const acme = { tenant: 'acme' };

describe('assertDatabaseHas', () => {
  test('holds for a row with these values, of a tenant and of any connection', async () => {
    await app.assertDatabaseHas('notes', { text: 'ours' }, acme);
    await app.assertDatabaseHas('cache_entries', { key: 'greeting' }, { connection: 'cache' });
  });

  test('is about whose work it is', async () => {
    await app.tenancy.run('acme', () => app.assertDatabaseHas('notes', { text: 'ours' }));
    await app.assertDatabaseHas('tenants', { id: 'acme', deleted_at: null });
  });

  test('fails with the rows there are, the nearest first', async () => {
    await expect(app.assertDatabaseHas('notes', { id: 2, text: 'theirs' }, acme)).rejects.toThrow(
      'Expected a row { id: 2, text: \'theirs\' } in the table "notes" of the connection "default" of tenant "acme"; ' +
        "there are 2:\n  { id: 2, text: 'other' }\n  { id: 1, text: 'ours' }",
    );
  });

  test('fails for null where there is a value', async () => {
    await expect(app.assertDatabaseHas('notes', { text: null }, acme)).rejects.toThrow(
      'Expected a row { text: null }',
    );
  });

  test('fails where there is no row at all', async () => {
    await expect(
      app.assertDatabaseHas('jobs', { queue: 'default' }, { connection: 'queue' }),
    ).rejects.toThrow('of the connection "queue"; there is none.');
  });
});

describe('assertDatabaseMissing', () => {
  test('holds where no row has these values', async () => {
    await app.assertDatabaseMissing('notes', { text: 'theirs' }, acme);
  });

  test('takes no undefined, which would be missing everywhere', async () => {
    await expect(
      app.assertDatabaseMissing('notes', { text: undefined as never }, acme),
    ).rejects.toThrow(
      'Expected a value for the column "text" of the table "notes", got undefined; NULL is null.',
    );
  });

  test('fails with those that have', async () => {
    await expect(app.assertDatabaseMissing('notes', { text: 'ours' }, acme)).rejects.toThrow(
      'Expected no row { text: \'ours\' } in the table "notes" of the connection "default" of tenant "acme"; there is 1:\n  { id: 1, text: \'ours\' }',
    );
  });
});

describe('assertDatabaseCount', () => {
  test('holds for so many rows', async () => {
    await app.assertDatabaseCount('notes', 2, acme);
  });

  test('fails for another number', async () => {
    await expect(app.assertDatabaseCount('notes', 1, acme)).rejects.toThrow(
      /Expected 1 row in the table "notes".*; there are 2:/,
    );
  });
});

describe('assertDatabaseEmpty', () => {
  test('holds for a table without rows', async () => {
    await app.assertDatabaseEmpty('failed_jobs', { connection: 'queue' });
  });

  test('fails for one with rows', async () => {
    await expect(app.assertDatabaseEmpty('notes', acme)).rejects.toThrow(
      /Expected 0 rows in the table "notes".*; there are 2:/,
    );
  });
});

test('a table that is not there is named', async () => {
  await expect(app.assertDatabaseEmpty('nothing', acme)).rejects.toThrow('no such table: nothing');
});
