import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import ts from 'typescript';

const SRC = join(__dirname, '../src');

const BELOW_CONSOLE = [
  'http',
  'view',
  'schedule',
  'queue',
  'events',
  'cache',
  'tenancy',
  'database',
  'config',
  'support',
];

/** Which rooms a room may import: the table of ARCHITECTURE.md. A room may always import itself. */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  support: [],
  config: ['support'],
  database: ['config', 'support'],
  tenancy: ['database', 'config', 'support'],
  cache: ['database', 'config', 'support'],
  events: ['config', 'support'],
  queue: ['tenancy', 'cache', 'database', 'config', 'support'],
  schedule: ['queue', 'tenancy', 'cache', 'database', 'config', 'support'],
  view: ['config', 'support'],
  http: ['tenancy', 'cache', 'view', 'database', 'config', 'support'],
  console: BELOW_CONSOLE,
  'framework-migrations.ts': [
    'http',
    'schedule',
    'queue',
    'cache',
    'tenancy',
    'database',
    'config',
  ],
  'about.ts': ['console', 'tenancy', 'config', 'database', 'support'],
  'database-log.ts': ['database', 'support'],
  'resources.ts': ['queue', 'cache', 'tenancy', 'database', 'config'],
  'tenant-schema.ts': ['framework-migrations.ts', 'tenancy', 'database', 'config', 'support'],
  'happenings.ts': ['resources.ts', 'queue', 'events', 'cache', 'tenancy', 'database', 'support'],
  'event-wiring.ts': ['resources.ts', 'queue', 'events', 'tenancy', 'database'],
  'tenants.ts': [
    'tenant-schema.ts',
    'framework-migrations.ts',
    'resources.ts',
    'queue',
    'cache',
    'tenancy',
    'database',
    'config',
    'support',
  ],
  'metrics.ts': ['happenings.ts', 'http', 'queue'],
  'observation.ts': ['metrics.ts', 'happenings.ts', 'http', 'queue', 'config', 'support'],
  'front-door.ts': ['observation.ts', 'http', 'view', 'tenancy', 'database', 'config', 'support'],
  'view-wiring.ts': ['http', 'view', 'tenancy', 'config'],
  'bindings.ts': [
    'view-wiring.ts',
    'tenants.ts',
    'resources.ts',
    'console',
    'http',
    'queue',
    'events',
    'cache',
    'tenancy',
    'database',
    'config',
    'support',
  ],
  'application.ts': [
    'about.ts',
    'bindings.ts',
    'front-door.ts',
    'database-log.ts',
    'event-wiring.ts',
    'happenings.ts',
    'observation.ts',
    'tenants.ts',
    'resources.ts',
    'framework-migrations.ts',
    'console',
    ...BELOW_CONSOLE,
  ],
  'artisan.ts': ['application.ts', 'console', 'config', 'support'],
  testing: ['framework-migrations.ts', 'application.ts', 'console', ...BELOW_CONSOLE],
};

interface SourceFile {
  /** Path below src. */
  readonly path: string;
  readonly text: string;
  /** Text without comments and types. Made when it is asked for: it takes the longest. */
  readonly code: string;
  readonly imports: readonly string[];
}

const files = readdirSync(SRC, { recursive: true, encoding: 'utf8' })
  .filter((path) => path.endsWith('.ts'))
  .map(read);

function read(path: string): SourceFile {
  const text = readFileSync(join(SRC, path), 'utf8');
  // Reads `import`, `export … from`, `require()`, `import()` and `import('…')` types alike.
  const imports = [...text.matchAll(/(?:from|import|require)\s*\(?\s*'([^']+)'/g)].map(
    (match) => match[1] ?? '',
  );
  let code: string | undefined;
  return {
    path,
    text,
    imports,
    get code() {
      return (code ??= ts.transpileModule(text, {
        compilerOptions: { removeComments: true, target: ts.ScriptTarget.ES2022 },
      }).outputText);
    },
  };
}

function target(file: SourceFile, specifier: string): string {
  return `${relative(SRC, resolve(SRC, dirname(file.path), specifier))}.ts`;
}

const roomOf = (path: string): string => path.split('/')[0] ?? path;

const local = (file: SourceFile): string[] =>
  file.imports
    .filter((specifier) => specifier.startsWith('.'))
    .map((specifier) => target(file, specifier));

const whoImports = (name: string): string[] =>
  files
    .filter(({ imports }) => imports.some((one) => one === name || one.startsWith(`${name}/`)))
    .map(({ path }) => path);

const whoSays = (pattern: RegExp): string[] =>
  files
    .filter((file) => pattern.test(file.text) && pattern.test(file.code))
    .map(({ path }) => path);

const outside = (paths: readonly string[], allowed: RegExp): string[] =>
  paths.filter((path) => !allowed.test(path));

test('every room stands in the table', () => {
  const rooms = new Set(
    files.map(({ path }) => roomOf(path)).filter((room) => room !== 'index.ts'),
  );
  expect([...rooms].filter((room) => !(room in MAY_IMPORT))).toEqual([]);
});

test('a room imports only the rooms of its row, types included', () => {
  const wrong = files
    .filter(({ path }) => path !== 'index.ts')
    .flatMap((file) => local(file).map((to) => ({ from: file.path, to })))
    .filter(
      ({ from, to }) =>
        roomOf(from) !== roomOf(to) && !MAY_IMPORT[roomOf(from)]?.includes(roomOf(to)),
    );
  expect(wrong).toEqual([]);
});

test('no file imports itself by a way round', () => {
  const edges = new Map(files.map((file) => [file.path, local(file)]));
  const done = new Set<string>();
  const circles: string[] = [];
  const visit = (path: string, way: readonly string[]): void => {
    if (way.includes(path)) circles.push([...way.slice(way.indexOf(path)), path].join(' → '));
    if (way.includes(path) || done.has(path)) return;
    for (const next of edges.get(path) ?? []) visit(next, [...way, path]);
    done.add(path);
  };
  for (const { path } of files) visit(path, []);
  expect(circles).toEqual([]);
});

test('nobody imports the barrel from within', () => {
  expect(files.filter((file) => local(file).includes('index.ts')).map(({ path }) => path)).toEqual(
    [],
  );
});

describe('walls', () => {
  test('only database/connection* imports better-sqlite3', () => {
    expect(outside(whoImports('better-sqlite3'), /^database\/connection/)).toEqual([]);
  });

  test('only http imports express', () => {
    expect(outside(whoImports('express'), /^http\//)).toEqual([]);
  });

  test('only queue/bullmq imports bullmq, and nobody imports that', () => {
    expect(outside(whoImports('bullmq'), /^queue\/bullmq\//)).toEqual([]);
    const users = files.filter((file) => local(file).some((to) => to.startsWith('queue/bullmq/')));
    expect(
      outside(
        users.map(({ path }) => path),
        /^queue\/bullmq\//,
      ),
    ).toEqual([]);
  });

  test('what follows the current work is made once a process, and one storage keeps it all', () => {
    expect(whoSays(/new AsyncLocalStorage/)).toEqual(['support/context-variable.ts']);
    expect(whoSays(/^(?!const ).*new ContextVariable/m)).toEqual([]);
  });

  test('only config/env.ts reads process.env', () => {
    expect(outside(whoSays(/process\.env|\benv\b.*= process/), /^config\/env\.ts$/)).toEqual([]);
  });

  test('only support/clock.ts reads the wall clock', () => {
    expect(
      outside(whoSays(/Date\.now|new Date\(\)|performance\.now/), /^support\/clock\.ts$/),
    ).toEqual([]);
  });

  test('SQL lives only in stores, schemas, the migrator and the database room', () => {
    const sql =
      /['"`]\s*(select|insert into|update|delete from|create (table|index)|drop table|pragma)\s/i;
    expect(outside(whoSays(sql), /(-store|\/schema)\.ts$|^database\//)).toEqual([]);
  });

  test('only the container room and the application resolve from the container', () => {
    expect(outside(whoImports('tsyringe'), /^tenancy\//)).toEqual([]);
    expect(outside(whoSays(/container\.resolve\(/i), /^(tenancy\/|application\.ts)/)).toEqual([]);
  });

  test('decorators that give a class a lifetime appear nowhere', () => {
    expect(
      whoSays(/\b(singleton|scoped|delay|autoInjectable|registry)\(\)|@singleton|@scoped/),
    ).toEqual([]);
  });

  test('only tenancy enters a scope', () => {
    expect(
      outside(whoSays(/(runIn|rejoin)Scope\(/), /^(tenancy\/|support\/scope-holder\.ts)/),
    ).toEqual([]);
    expect(whoSays(/enterWith\(/)).toEqual([]);
  });

  test('only files that are loaded by their path export a default', () => {
    expect(
      outside(whoSays(/^export default|exports\.default =/m), /^testing\/environment\.ts$/),
    ).toEqual([]);
  });

  test('the built-in commands load nothing heavy, so that "list" answers at once', () => {
    const heavy = [
      'zod',
      'express',
      'kysely',
      'better-sqlite3',
      'commander',
      'pino',
      'tsyringe',
      'msgpackr',
      'lru-cache',
      'ulid',
      'enquirer',
      'cli-table3',
      'cli-progress',
      'croner',
      'tar-stream',
      'eta',
    ];
    const loaded = new Set<string>();
    const load = (path: string): void => {
      if (loaded.has(path)) return;
      loaded.add(path);
      const file = files.find((one) => one.path === path);
      if (file === undefined) return;
      // What runs at load: imports by value, and neither `require` inside functions nor types.
      const eager = [...file.code.matchAll(/^import .*? from ['"]([^'"]+)['"]/gms)].map(
        (match) => match[1] ?? '',
      );
      for (const specifier of eager) {
        if (specifier.startsWith('.')) load(target(file, specifier));
        else loaded.add(specifier);
      }
    };
    load('console/built-in-commands.ts');
    load('artisan.ts');
    expect(heavy.filter((name) => loaded.has(name))).toEqual([]);
  });
});
