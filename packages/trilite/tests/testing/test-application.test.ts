import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { CacheRepository } from 'trilite';
import { createTestApplication, type TestApplication } from 'trilite/testing';
import { createProject } from '../helpers/project';

const basePath = join(__dirname, '../../../..');
let app: TestApplication;

beforeEach(async () => {
  app = await createTestApplication({ basePath });
});

afterEach(() => app.close());

test('each application has files of its own', async () => {
  const other = await createTestApplication({ basePath });
  await app.make(CacheRepository).put('key', 'mine');
  await other.make(CacheRepository).put('key', 'theirs');
  expect(await app.make(CacheRepository).get('key')).toBe('mine');
  await other.close();
  expect(existsSync(other.storagePath)).toBe(false);
});

test('the first ones of a project may be made at once', async () => {
  const project = createProject();
  const both = await Promise.all(
    [1, 2].map(() => createTestApplication({ basePath: project.path })),
  );
  for (const one of both) {
    await one.assertDatabaseEmpty('cache_entries', { connection: 'cache' });
    await one.close();
  }
  project.remove();
});
