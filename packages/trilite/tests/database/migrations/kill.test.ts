import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import BetterSqlite3 from 'better-sqlite3';
import { createApplication } from '../../../src/application';
import { copyFolder, lookAt, Moments, tellStatements } from '../../helpers/moments';
import { createProject, exportDefault, type TestProject } from '../../helpers/project';

// What a migrating process leaves that is killed before any single statement it runs, and what the next one makes of it.

const REBUILD = join(__dirname, '../../../dist/database/migrations/table-rebuild.js');
const SCRIPT = join(__dirname, '../../fixtures/kill/migrate.js');
const AUTHORS = 7;

const MIGRATIONS = {
  'database/migrations/default/02_add_column.js': exportDefault(`{
    async up(db) {
      await db.schema.alterTable('books').addColumn('pages', 'integer').execute();
      await db.updateTable('books').set({ pages: 100 }).execute();
    },
  }`),
  'database/migrations/default/03_rebuild.js': exportDefault(`{
    up: (db) => require(${JSON.stringify(REBUILD)}).rebuildTable(db, 'authors', {
      create: (trx, name) => trx.schema.createTable(name)
        .addColumn('id', 'integer', (column) => column.primaryKey())
        .addColumn('name', 'text', (column) => column.notNull())
        .addColumn('length', 'integer')
        .execute(),
    }),
  }`),
  'database/migrations/default/04_fill.js': exportDefault(`{
    up: (db) => db.schema.createIndex('authors_length').on('authors').column('length').execute(),
    backfill: {
      table: 'authors',
      size: 3,
      async rows(db, rows) {
        for (const { id, name, length } of rows) {
          await db.updateTable('authors').set({ length: (length ?? 0) + name.length }).where('id', '=', id).execute();
        }
      },
    },
  }`),
};

let project: TestProject;
let before: string;
let migrated: string;
let moments: Moments;

beforeAll(async () => {
  project = createProject({
    'database/migrations/default/01_start.js': exportDefault(`{
      async up(db) {
        await db.schema.createTable('authors')
          .addColumn('id', 'integer', (column) => column.primaryKey())
          .addColumn('name', 'text')
          .execute();
        await db.schema.createTable('books')
          .addColumn('title', 'text')
          .addColumn('author_id', 'integer', (column) => column.references('authors.id').onDelete('cascade'))
          .execute();
        for (let id = 1; id <= ${AUTHORS}; id += 1) {
          await db.insertInto('authors').values({ id, name: 'author ' + id }).execute();
          await db.insertInto('books').values({ title: 'book ' + id, author_id: id }).execute();
        }
      },
    }`),
  });
  before = storage();
  await migrate(before);
  for (const file of ['cache.sqlite', 'queue.sqlite']) rmSync(join(before, file));
  for (const [file, text] of Object.entries(MIGRATIONS)) project.write(file, text);
  await migrateInMoments();
});

afterAll(() => {
  project.remove();
  moments.remove();
  for (const folder of [before, migrated]) rmSync(folder, { recursive: true });
});

function storage(): string {
  return mkdtempSync(join(tmpdir(), 'trilite-kill-'));
}

async function migrate(storagePath: string): Promise<void> {
  const app = await createApplication({ basePath: project.path, storagePath });
  try {
    await app.migrator().migrate();
  } finally {
    await app.close();
  }
}

/** Migrates once, and keeps what a process killed before each statement would leave. */
async function migrateInMoments(): Promise<void> {
  migrated = `${before}-migrated`;
  copyFolder(before, migrated);
  moments = new Moments();
  const stopTelling = tellStatements(BetterSqlite3, moments.keeperOf(migrated));
  try {
    await migrate(migrated);
  } finally {
    stopTelling();
  }
}

/** Migrates in a process that kills itself at a step. @returns the statement it did not come to */
function migrateAndDie(folder: string, step: number): string {
  const parameters = [SCRIPT, project.path, folder, String(step)];
  const { signal, stdout } = spawnSync(process.execPath, parameters, { encoding: 'utf8' });
  expect(signal).toBe('SIGKILL');
  return stdout;
}

interface Found {
  readonly ran: readonly string[];
  readonly hasPages: boolean;
  readonly isRebuilt: boolean;
  readonly hasIndex: boolean;
  readonly isFilling: boolean;
  readonly books: readonly { readonly pages?: number }[];
  readonly authors: readonly { readonly name: string; readonly length?: number | null }[];
}

function look(folder: string): Found {
  const file = new BetterSqlite3(join(folder, 'database.sqlite'));
  const all = <T>(sql: string): T[] => file.prepare(sql).all() as T[];
  const schema = all<{ name: string; sql: string | null }>('select name, sql from sqlite_schema');
  const sqlOf = (name: string): string => schema.find((one) => one.name === name)?.sql ?? '';
  try {
    expect(all('pragma integrity_check')).toEqual([{ integrity_check: 'ok' }]);
    expect(all('pragma foreign_key_check')).toEqual([]);
    expect(schema.map(({ name }) => name)).not.toContain('authors__rebuilt');
    return {
      ran: all<{ name: string }>('select name from migrations order by name').map(
        ({ name }) => name,
      ),
      hasPages: sqlOf('books').includes('pages'),
      isRebuilt: sqlOf('authors').includes('not null'),
      hasIndex: sqlOf('authors_length') !== '',
      isFilling: sqlOf('backfills') !== '' && all('select * from backfills').length > 0,
      books: all('select * from books'),
      authors: all('select * from authors'),
    };
  } finally {
    file.close();
  }
}

/** Each migration is there whole, or not at all; no row is gone. */
function expectWholeSteps(found: Found): void {
  expect(found.hasPages).toBe(found.ran.includes('02_add_column'));
  expect(found.books.map(({ pages }) => pages)).toEqual(
    Array(AUTHORS).fill(found.hasPages ? 100 : undefined),
  );
  expect(found.isRebuilt).toBe(found.ran.includes('03_rebuild'));
  expect(found.hasIndex).toBe(found.ran.includes('04_fill'));
  expect(found.authors.map(({ name }) => name)).toEqual(
    [...Array(AUTHORS).keys()].map((index) => `author ${index + 1}`),
  );
  const filled = found.authors.filter(({ length }) => typeof length === 'number');
  expect(filled.every(({ name, length }) => length === name.length)).toBe(true);
  expect([0, 3, 6, AUTHORS]).toContain(filled.length);
  if (found.hasIndex && !found.isFilling) expect(filled).toHaveLength(AUTHORS);
}

function expectEnd(found: Found): void {
  expectWholeSteps(found);
  const own = found.ran.filter((name) => !name.startsWith('trilite/'));
  expect(own).toEqual(['01_start', '02_add_column', '03_rebuild', '04_fill']);
  expect(found.isFilling).toBe(false);
}

test('killed before any statement, a migration is there whole or not at all, and the next run ends it', async () => {
  for (const { steps, path } of moments.all) {
    const folder = `${path}-goes-on`;
    copyFolder(path, folder);
    try {
      expectWholeSteps(lookAt(path, look));
      await migrate(folder);
      expectEnd(look(folder));
    } catch (error) {
      throw new Error(`Killed before: ${steps.join()}`, { cause: error });
    }
  }
  expect(moments.steps.length).toBeGreaterThan(100);
});

test('a run that nobody kills ends as those that go on', () => {
  expectEnd(look(migrated));
});

test.each([
  ['in a transaction', 'drop table "authors"'],
  ['while a table is being filled', 'update backfills set position'],
])('a process that is killed %s leaves what was looked at', (_, statement) => {
  const at = moments.steps.findLastIndex((step) => step.startsWith(statement));
  const step = moments.steps[at];
  const moment = moments.before(at);
  const folder = `${before}-killed`;
  copyFolder(before, folder);
  try {
    expect(migrateAndDie(folder, at + 1)).toBe(step);
    expect(readdirSync(folder)).toEqual(readdirSync(moment.path));
    expect(lookAt(folder, look)).toEqual(lookAt(moment.path, look));
  } finally {
    rmSync(folder, { recursive: true });
  }
});
