import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import {
  createApplication,
  type Application,
  type ApplicationOptions,
} from '../../src/application';
import { Database } from '../../src/database/database';
import { createProject, exportDefault, type TestProject } from './project';

/** A migration of a tenant's data: notes. */
export const NOTES_MIGRATION = `
  exports.default = {
    up: (db) => db.schema.createTable('notes').addColumn('text', 'text', (column) => column.notNull()).execute(),
    down: (db) => db.schema.dropTable('notes').execute(),
  };
`;

/** A project that keeps tenants in files of their own, with one table in each tenant's data. */
export function createTenantProject(files: Readonly<Record<string, string>> = {}): TestProject {
  return createProject({
    'config/tenancy.js': exportDefault("{ mode: 'files' }"),
    'database/migrations/tenant/2026_01_01_000000_create_notes.js': NOTES_MIGRATION,
    ...files,
  });
}

const TENANT_TABLE = join(__dirname, '../../dist/database/migrations/tenant-table.js');

/** The same, for tenants that have files of their own and for those that share one. */
export const TENANT_NOTES_MIGRATION = `
  const { createTenantTable, dropTenantTable } = require(${JSON.stringify(TENANT_TABLE)});
  exports.default = {
    up: (db) =>
      createTenantTable(db, 'notes', (table) =>
        table
          .addColumn('id', 'integer', (column) => column.primaryKey())
          .addColumn('text', 'text', (column) => column.notNull()),
      ),
    down: (db) => dropTenantTable(db, 'notes'),
  };
`;

/** A project whose tenants are kept in a mode. */
export function createProjectInMode(
  mode: 'files' | 'single',
  files: Readonly<Record<string, string>> = {},
): TestProject {
  return createTenantProject({
    'config/tenancy.js': exportDefault(`{ mode: '${mode}' }`),
    'database/migrations/tenant/2026_01_01_000000_create_notes.js': TENANT_NOTES_MIGRATION,
    ...files,
  });
}

/** The application of a project, its own files migrated. */
export async function openTenantApplication(
  project: TestProject,
  options: Partial<ApplicationOptions> = {},
): Promise<Application> {
  const app = await createApplication({ basePath: project.path, ...options });
  await app.migrator().migrate();
  return app;
}

/** Every path below a folder, with the size of each file. */
export function treeOf(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .map((path) => {
      const facts = statSync(join(folder, path));
      return facts.isDirectory() ? `${path}/` : `${path} ${facts.size}`;
    })
    .sort();
}

/** Writes a note in the current work. */
export async function writeNote(app: Application, text: string): Promise<void> {
  await app
    .make(Database)
    .insertInto('notes' as never)
    .values({ text })
    .execute();
}

/** The notes that the current work sees. */
export async function notesIn(app: Application): Promise<string[]> {
  const rows = await app
    .make(Database)
    .selectFrom('notes' as never)
    .selectAll()
    .execute();
  return (rows as { text: string }[]).map(({ text }) => text);
}
