import { existsSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import * as schemas from '../../src/config/schema';
import { builtInCommands } from '../../src/console/built-in-commands';
import { globalOptions } from '../../src/console/global-options';
import { optionSyntax } from '../../src/console/signature';
import { pages, prose, read, repository } from './documents';

/* What the pages list is what there is: keys, variables, commands, files. */

const configuration = read('packages/trilite/docs/configuration.md');
const consolePage = read('packages/trilite/docs/console.md');

describe('docs/configuration.md', () => {
  const {
    appSchema,
    cacheSchema,
    databaseSchema,
    loggingSchema,
    queueSchema,
    sessionSchema,
    tenancySchema,
  } = schemas;
  const files = {
    app: appSchema,
    database: databaseSchema,
    cache: cacheSchema,
    queue: queueSchema,
    logging: loggingSchema,
    tenancy: tenancySchema,
    session: sessionSchema,
  };

  test.each(Object.entries(files))('has a row for every key of config/%s.ts', (name, schema) => {
    const rows = all(section(configuration, `config/${name}.ts`), /^\| `([\w.*]+)` \|/gm);
    const named = rows.map((row) => row.split('.').at(-1));
    expect(keysOf(schema).filter((key) => !named.includes(key))).toEqual([]);
  });

  test('has a row for every variable of the environment, and no other', () => {
    const [, base = ''] = read('packages/trilite/src/config/env.ts').split('const BASE = {');
    const variables = all(base.slice(0, base.indexOf('\n};')), /^ {2}([A-Z_]+): /gm);
    const rows = all(section(configuration, 'Environment'), /^\| `([A-Z_]+)` \|/gm);
    expect(rows.sort()).toEqual(variables.sort());
  });
});

describe('docs/console.md', () => {
  const rows = all(consolePage, /^(\| `[a-z:-]+(?: .*?)?` \|.*)$/gm);

  test.each(builtInCommands.map(({ signature }) => ({ ...signature, command: signature.name })))(
    'has a row for "$command" with its options',
    ({ name, options }) => {
      const row = rows.find((one) => new RegExp(`^\\| \`${name}[\` ]`).test(one)) ?? '';
      expect(row).not.toBe('');
      const flags = Object.entries(options ?? {}).map(([option, spec]) =>
        optionSyntax(option, spec).trim().replace(/ .*/, ''),
      );
      expect(flags.filter((flag) => !row.includes(`\`${flag}`))).toEqual([]);
    },
  );

  test('has every option that all commands take', () => {
    const flags = globalOptions.flatMap((option) => [...option.flags]);
    expect(flags.filter((flag) => !new RegExp(`\`${flag}[\`=]`).test(consolePage))).toEqual([]);
  });
});

describe('docs/files.md', () => {
  const folder = 'packages/trilite/src/console/doctor';
  const sources = readdirSync(join(repository, folder)).filter((name) => !/^tenant-/.test(name));

  test('has a row for every check of "doctor"', () => {
    const texts = sources.map((name) => read(`${folder}/${name}`));
    const names = all(texts.join('\n'), /\bname: ['`]([\w. ]+?)(?: \$\{.*?\})?['`]/g);
    const page = section(read('packages/trilite/docs/files.md'), 'Is everything well');
    const rows = all(page, /^\| `(.*?)(?: …)?` \|/gm);
    expect(names.length).toBeGreaterThan(15);
    expect(names.filter((name) => !rows.includes(name))).toEqual([]);
  });
});

describe('every page', () => {
  test.each(pages())('%s links to files and headings that are there', (page) => {
    const links = all(prose(page), /\]\((?!https?:)([^)\s]+)\)/g);
    expect(links.filter((link) => !leads(page, link))).toEqual([]);
  });

  test.each(pages())('%s shows nothing as easy', (page) => {
    expect(all(prose(page), /\b(just|simply|easy|easily|obviously)\b/gi)).toEqual([]);
  });
});

function leads(page: string, link: string): boolean {
  const [path = '', heading] = link.split('#');
  const target = path === '' ? page : join(dirname(page), path);
  if (!existsSync(join(repository, target))) return false;
  return heading === undefined || headings(target).includes(heading);
}

function headings(page: string): string[] {
  return all(prose(page), /^#+ (.*)$/gm).map((title) =>
    title
      .toLowerCase()
      .replace(/[^\w\s-]/g, '')
      .replace(/\s/g, '-'),
  );
}

function section(text: string, title: string): string {
  const found = text.split('\n## ').find((part) => part.startsWith(`${title}\n`));
  if (found === undefined) throw new Error(`There is no section "${title}".`);
  return found;
}

/** The names of every key of a schema, however deep; keys that only hold others are left out. */
function keysOf(schema: z.core.$ZodType): string[] {
  return keysOfJson(z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' }));
}

function keysOfJson(part: unknown): string[] {
  if (typeof part !== 'object' || part === null) return [];
  const { properties = {}, ...rest } = part as { properties?: Record<string, unknown> };
  const own = Object.entries(properties).flatMap(([key, inner]) => {
    const below = keysOfJson(inner);
    return below.length === 0 ? [key] : below;
  });
  return [...own, ...Object.values(rest).flatMap(keysOfJson)];
}

function all(text: string, pattern: RegExp): string[] {
  return [...text.matchAll(pattern)].flatMap((match) => match[1] ?? []);
}
