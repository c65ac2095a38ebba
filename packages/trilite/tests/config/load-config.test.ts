import { chmodSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { loadConfig } from '../../src/config/load-config';
import { projectAt } from '../../src/config/project';
import { createProject, exportDefault, type TestProject } from '../helpers/project';

let project: TestProject;

afterEach(() => project.remove());

function load(files: Record<string, string> = {}) {
  project = createProject(files);
  return loadConfig(projectAt(project.path));
}

function refusal(files: Record<string, string>): { code: string; message: string; help: string } {
  try {
    load(files);
  } catch (error) {
    return error as { code: string; message: string; help: string };
  }
  throw new Error('The configuration was accepted.');
}

const cacheOf = (stores: string) => ({
  'config/cache.js': exportDefault(`{ default: 'main', stores: { main: ${stores} } }`),
});

test('durations become milliseconds, sizes bytes, files absolute, and all is frozen', () => {
  const config = load();
  expect(config.queue.connections['sqlite']).toMatchObject({ lease: 90_000 });
  expect(config.app.http.bodyLimit).toBe(1024 * 1024);
  expect(config.database.connections['cache']?.file).toBe(
    join(project.path, 'storage/cache.sqlite'),
  );
  expect(Object.isFrozen(config.database.connections['cache'])).toBe(true);
});

test('a wrong key names file, key, what was found and the key that was meant', () => {
  const { code, message } = refusal(cacheOf("{ driver: 'sqlite', conection: 'cache' }"));
  expect(code).toBe('E_CONFIG_INVALID');
  expect(message).toContain(
    'config/cache.ts  "stores.main.conection": found \'cache\', expected the key "connection"',
  );
});

test('an unknown driver names those there are', () => {
  const { message } = refusal(cacheOf("{ driver: 'etcd' }"));
  expect(message).toContain(
    "\"stores.main.driver\": found 'etcd', expected one of 'sqlite', 'memory'",
  );
});

describe('the web server', () => {
  const http = (options: string) => ({ 'config/app.js': exportDefault(`{ http: ${options} }`) });

  test.each(["'loopback'", "'10.0.0.1, fd00::/8, uniquelocal'", '2', 'true'])(
    'believes the proxies %s',
    (trustProxy) => {
      expect(() => load(http(`{ trustProxy: ${trustProxy} }`))).not.toThrow();
    },
  );

  test.each(["'everybody'", "'10.0.0.1/33'", "'0.0.0.0/0'", "''", '-1', '0.5', "'10.0.0.1,'"])(
    'believes no proxies %s',
    (trustProxy) => {
      expect(refusal(http(`{ trustProxy: ${trustProxy} }`)).message).toContain('http.trustProxy');
    },
  );

  test('waits for headers no longer than for the whole request, and for nobody for ever', () => {
    const { message } = refusal(http("{ requestTimeout: '5s' }"));
    expect(message).toContain('"http.headersTimeout": found');
    expect(message).toContain('at most "http.requestTimeout"');
    expect(refusal(http("{ requestTimeout: '0s' }")).message).toContain('more than nothing');
  });
});

describe('locks live on', () => {
  const lockConnection = (files: Record<string, string> = {}): string =>
    load(files).cache.lockConnection;
  const queueOf = (connections: string) => ({
    'config/queue.js': exportDefault(`{ default: 'main', connections: ${connections} }`),
  });
  const cacheWith = (options: string) => ({
    'config/cache.js': exportDefault(
      `{ default: 'main', stores: { main: { driver: 'memory' } }, ${options} }`,
    ),
  });

  test('the connection of the default queue', () => {
    expect(lockConnection()).toBe('queue');
  });

  test('that of the default queue, whichever it is', () => {
    const connections = `{ other: { driver: 'sqlite', connection: 'queue' }, main: { driver: 'sqlite', connection: 'cache' } }`;
    expect(lockConnection(queueOf(connections))).toBe('cache');
  });

  test('the default connection, where the default queue keeps no jobs', () => {
    expect(lockConnection(queueOf(`{ main: { driver: 'sync' } }`))).toBe('default');
  });

  test('the connection that is said', () => {
    expect(lockConnection(cacheWith(`lockConnection: 'cache'`))).toBe('cache');
  });

  test('no connection that is not declared', () => {
    const { message } = refusal(cacheWith(`lockConnection: 'lock'`));
    expect(message).toContain(
      "config/cache.ts  \"lockConnection\": found 'lock', expected one of 'default', 'cache', 'queue'",
    );
  });
});

test('an unknown connection names those there are', () => {
  const { message } = refusal(cacheOf("{ driver: 'sqlite', connection: 'cach' }"));
  expect(message).toContain(
    "\"stores.main.connection\": found 'cach', expected one of 'default', 'cache', 'queue'",
  );
});

test('a bare number is refused where a unit is needed', () => {
  const { message } = refusal({
    'config/app.js': exportDefault('{ http: { shutdownTimeout: 5000 } }'),
  });
  expect(message).toContain('"http.shutdownTimeout": found 5000, expected a duration with a unit');
});

test('every problem of every file is told at once', () => {
  const { message } = refusal({
    ...cacheOf("{ driver: 'redis' }"),
    'config/app.js': exportDefault('{ debug: "yes" }'),
  });
  expect(message).toContain('config/app.ts');
  expect(message).toContain('config/cache.ts');
});

test.each(["{ key: 'short' }", "{ key: '' }", "{ previousKeys: ['short'] }"])(
  'a key that anybody could guess is refused, and not shown: %s',
  (app) => {
    const { code, message } = refusal({ 'config/app.js': exportDefault(app) });
    expect(code).toBe('E_CONFIG_INVALID');
    expect(message).toMatch(/found a value that is not shown, expected "base64:" and 32 bytes/);
  },
);

test('a missing file is named', () => {
  project = createProject();
  rmSync(join(project.path, 'config/queue.js'));
  expect(() => loadConfig(projectAt(project.path))).toThrow(/"config\/queue\.ts" is missing/);
});

test('a file without a default export is named', () => {
  expect(refusal({ 'config/cache.js': 'exports.cache = {};' })).toMatchObject({
    code: 'E_CONFIG_FILE',
    help: expect.stringContaining('defineCache'),
  });
});

test('a connection whose folder is missing is named with the folder', () => {
  const { message } = refusal({
    'config/database.js': exportDefault(
      "{ default: 'a', connections: { a: { driver: 'sqlite', file: '/nowhere/a.sqlite' }, cache: { driver: 'sqlite', file: 'c' }, queue: { driver: 'sqlite', file: 'q' } } }",
    ),
  });
  expect(message).toContain('"connections.a.file": found a file in "/nowhere"');
});

test('a storage folder that is missing is named with what to do', () => {
  project = createProject();
  rmSync(join(project.path, 'storage'), { recursive: true });
  expect(() => loadConfig(projectAt(project.path))).toThrow(
    expect.objectContaining({
      code: 'E_STORAGE_NOT_WRITABLE',
      help: expect.stringContaining('mkdir -p'),
    }),
  );
});

test('a storage folder that is a file is refused', () => {
  project = createProject();
  rmSync(join(project.path, 'storage'), { recursive: true });
  writeFileSync(join(project.path, 'storage'), '');
  chmodSync(join(project.path, 'storage'), 0o600);
  expect(() => loadConfig(projectAt(project.path))).toThrow(
    expect.objectContaining({ code: 'E_STORAGE_NOT_WRITABLE' }),
  );
});

test('STORAGE_PATH moves the whole storage folder', () => {
  project = createProject();
  mkdirSync(join(project.path, 'elsewhere'));
  const config = loadConfig(projectAt(project.path, { STORAGE_PATH: 'elsewhere' }));
  expect(config.database.connections['queue']?.file).toBe(
    join(project.path, 'elsewhere/queue.sqlite'),
  );
});

test('files of the application itself are found under their name', () => {
  expect(load({ 'config/mail.js': exportDefault("{ host: 'localhost' }") }).others).toEqual({
    mail: { host: 'localhost' },
  });
});

test('a lease shorter than a second is refused', () => {
  const queue = exportDefault(
    "{ default: 'a', connections: { a: { driver: 'sqlite', connection: 'queue', lease: '10ms' } } }",
  );
  expect(refusal({ 'config/queue.js': queue }).message).toContain('"connections.a.lease"');
});

test('two connections on one file are refused, with how to share one', () => {
  const database = exportDefault(`{
    default: 'default',
    connections: {
      default: { driver: 'sqlite', file: 'a.sqlite' },
      cache: { driver: 'sqlite', file: 'a.sqlite' },
      queue: { driver: 'sqlite', file: 'q.sqlite' },
    },
  }`);
  const { message } = refusal({ 'config/database.js': database });
  expect(message).toContain('"connections.cache.file": found the file of "default"');
});

test('two connections on one file by a link are refused as well', () => {
  const database = exportDefault(`{
    default: 'default',
    connections: {
      default: { driver: 'sqlite', file: 'real/a.sqlite' },
      cache: { driver: 'sqlite', file: 'link/a.sqlite' },
      queue: { driver: 'sqlite', file: 'q.sqlite' },
    },
  }`);
  project = createProject({ 'config/database.js': database, 'storage/real/keep': '' });
  symlinkSync(join(project.path, 'storage/real'), join(project.path, 'storage/link'));
  expect(() => loadConfig(projectAt(project.path))).toThrow(/found the file of "default"/);
});

test('a pragma whose value is more than one word is refused', () => {
  const database = exportDefault(`{
    default: 'default',
    connections: {
      default: { driver: 'sqlite', file: 'a.sqlite', pragmas: { cache_spill: '1; drop table x' } },
      cache: { driver: 'sqlite', file: 'b.sqlite' },
      queue: { driver: 'sqlite', file: 'q.sqlite' },
    },
  }`);
  expect(refusal({ 'config/database.js': database }).message).toContain('pragmas.cache_spill');
});
