import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { createTestApplication } from 'trilite/testing';
import { createProject } from '../helpers/project';
import { problemsOfSnippets } from '../helpers/snippets';

const TABLES = `
  create table "two words" (id integer primary key, "it's" text, "say ""x""" blob as (null), "a\\b" any, "1" int, größe real, "$ok" int, "class" text);
  create table empty_default (a text not null default '');
`;

const MIGRATION = `
  const { sql } = require('trilite');
  exports.default = { async up(db) {
    for (const text of ${JSON.stringify(TABLES.trim().split(';\n'))}) await sql.raw(text).execute(db);
  } };`;

/** What "db:types" writes of the tables. */
async function typesOfTables(): Promise<string> {
  const project = createProject({ 'database/migrations/default/01_t.js': MIGRATION });
  const app = await createTestApplication({ basePath: project.path, migrate: false });
  try {
    return await app.tableTypes();
  } finally {
    await app.close();
    project.remove();
  }
}

test('names that are no names of TypeScript are quoted, and Prettier and the compiler agree', async () => {
  const text = await typesOfTables();
  expect(text).toContain(
    `      "it's": string | null;\n      'say "x"': GeneratedAlways<Buffer | null>;`,
  );
  const prettier = join(require.resolve('prettier/package.json'), '../bin/prettier.cjs');
  const settings = ['--single-quote', '--print-width=100', '--stdin-filepath=tables.ts'];
  const formatted = execFileSync(process.execPath, [prettier, ...settings], {
    input: text,
    encoding: 'utf8',
  });
  expect(text).toBe(formatted);
  expect(problemsOfSnippets('', [text]).get(text)).toEqual([]);
});
