import { fork } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import BetterSqlite3 from 'better-sqlite3';
import { createProject, exportDefault, type TestProject } from '../../helpers/project';

// A migrating process is killed before every single statement it runs, and started again.

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
    up: (db) => require(${JSON.stringify(join(__dirname, '../../../dist'))}).rebuildTable(db, 'authors', {
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
});

afterAll(() => {
  project.remove();
  rmSync(before, { recursive: true });
});

function storage(): string {
  return mkdtempSync(join(tmpdir(), 'trilite-kill-'));
}

/** @returns whether the process was killed, as asked, before it was done */
async function migrate(folder: string, killAt = 0): Promise<boolean> {
  const child = fork(SCRIPT, [project.path, folder, String(killAt)], { execArgv: [] });
  const [code, signal] = (await once(child, 'exit')) as [number | null, string | null];
  expect(signal ?? code).toBe(signal === null ? 0 : 'SIGKILL');
  return signal !== null;
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

async function killAndGoOn(killAt: number): Promise<boolean> {
  const folder = storage();
  try {
    cpSync(before, folder, { recursive: true });
    const wasKilled = await migrate(folder, killAt);
    expectWholeSteps(look(folder));
    if (wasKilled) await migrate(folder);
    const end = look(folder);
    expectWholeSteps(end);
    const own = end.ran.filter((name) => !name.startsWith('trilite/'));
    expect(own).toEqual(['01_start', '02_add_column', '03_rebuild', '04_fill']);
    expect(end.isFilling).toBe(false);
    return wasKilled;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

test('killed before any statement, a migration is there whole or not at all, and the next run ends it', async () => {
  const lanes = 2;
  let killed = 0;
  const lane = async (first: number): Promise<void> => {
    for (let at = first; await killAndGoOn(at); at += lanes) killed += 1;
  };
  await Promise.all([...Array(lanes).keys()].map((index) => lane(index + 1)));
  expect(killed).toBeGreaterThan(40);
}, 300_000);
