import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { clock, createApplication, type Application, type Locks } from 'trilite';
import { travel, travelBack, travelTo } from 'trilite/testing';
import { thisProcess } from '../../src/support/owner';
import { artisan as artisanIn, type ArtisanResult } from '../helpers/artisan';
import { createProject, exportDefault, type TestProject } from '../helpers/project';

let project: TestProject;
let app: Application;
let locks: Locks;

beforeEach(() => start());

afterEach(async () => {
  travelBack();
  await app.close();
  project.remove();
});

function artisan(line: string): Promise<ArtisanResult> {
  return artisanIn(project, line);
}

/** @param stores declared in config/cache.js, beside the default one "sqlite" and "memory" */
async function start(stores = ''): Promise<void> {
  project = createProject({
    'config/cache.js': exportDefault(`{
      default: 'sqlite',
      prefix: 'shop:',
      stores: {
        sqlite: { driver: 'sqlite', connection: 'cache' }, memory: { driver: 'memory' }, ${stores}
      },
    }`),
  });
  await artisan('migrate');
  app = await createApplication({ basePath: project.path });
  locks = app.locks;
}

/** Another application than the one of before each test. */
async function startAnew(stores: string): Promise<void> {
  await app.close();
  project.remove();
  await start(stores);
}

/** Takes a lock as a process of another name does. */
async function lockAs(name: string, boundTo: string): Promise<void> {
  await app.connections
    .connection('queue')
    .write((handle) =>
      handle
        .statement('insert into locks values (?, ?, ?, ?, ?)')
        .run(`shop:${name}`, `${boundTo}/1`, boundTo, Date.now(), Date.now() + 60_000),
    );
}

const GONE = thisProcess().replace(/[^/]*$/, '1');

describe('cache:locks', () => {
  test('says so when no lock is held', async () => {
    expect(await artisan('cache:locks')).toMatchObject({
      code: 0,
      out: expect.stringContaining('No lock is held.'),
    });
    expect((await artisan('cache:locks --json')).out).toBe('[]\n');
  });

  test('shows who holds which lock, and for how long', async () => {
    await locks.lock('report', '1h').get();
    await locks.lock('order', '1h', { owner: 'job 7' }).get();
    await lockAs('far', '00000000-0000-0000-0000-000000000000/1/1/1');
    await lockAs('left', GONE);
    const { out } = await artisan('cache:locks');
    expect(out).toMatch(new RegExp(`report .* pid ${process.pid} .* 59m `));
    expect(out).toMatch(/order .* "job 7" /);
    expect(out).toMatch(/far .* another machine or container /);
    expect(out).toMatch(new RegExp(`left .* pid ${process.pid}, gone `));
  });

  test('prints the same as JSON', async () => {
    const lock = locks.lock('report', '1h');
    await lock.get();
    await lockAs('left', GONE);
    expect(JSON.parse((await artisan('cache:locks --json')).out)).toEqual([
      expect.objectContaining({ name: 'left', isBound: true, isGone: true }),
      {
        name: 'report',
        owner: lock.owner,
        holder: `pid ${process.pid}`,
        acquiredAt: expect.any(Number),
        expiresAt: expect.any(Number),
        isBound: false,
        isGone: false,
      },
    ]);
  });

  test('--release takes a lock away, and fails where nobody holds it', async () => {
    await locks.lock('report', '1h').get();
    expect(await artisan('cache:locks --release=report')).toMatchObject({
      code: 0,
      out: expect.stringContaining('The lock "report" is free.'),
    });
    expect(await artisan('cache:locks --release=report')).toMatchObject({ code: 1 });
    const { code, out } = await artisan('cache:locks --release=report --json');
    expect({ code, ...JSON.parse(out) }).toEqual({ code: 1, name: 'report', wasHeld: false });
  });
});

describe('cache:clear', () => {
  test('removes every entry of a store, and of no other in its file', async () => {
    await startAnew("other: { driver: 'sqlite', connection: 'cache', prefix: 'other:' },");
    await app.cache().put('a', 1);
    await app.cache('other').put('a', 1);
    expect(await artisan('cache:clear')).toMatchObject({
      code: 0,
      out: expect.stringContaining('The cache store "sqlite" is empty.'),
    });
    expect(await app.cache().has('a')).toBe(false);
    expect(await app.cache('other').has('a')).toBe(true);
  });

  test('--tags removes the entries with any of the tags alone', async () => {
    await app.cache().tags('users').put('a', 1);
    await app.cache().tags('orders', 'open').put('b', 2);
    await app.cache().tags('closed').put('c', 3);
    await app.cache().put('d', 4);
    expect((await artisan('cache:clear --tags=users,open')).out).toContain(
      'The cache store "sqlite" has no entry with the tag "users" or "open".',
    );
    const left = await app.cache().many(['a', 'b', 'c', 'd']);
    expect([...left.keys()]).toEqual(['c', 'd']);
  });

  test.each([',', ' , '])('--tags="%s" is refused, and removes nothing', async (tags) => {
    await app.cache().put('a', 1);
    expect(await artisanIn(project, ['cache:clear', `--tags=${tags}`])).toMatchObject({
      code: 2,
      err: expect.stringContaining('Option "--tags" names no tag'),
    });
    expect(await app.cache().has('a')).toBe(true);
  });

  test('drops no lock and no rate limit', async () => {
    await locks.lock('report', '1h').get();
    await app.limiter.hit('login', '1h');
    await artisan('cache:clear');
    expect(await locks.lock('report', '1h').get()).toBe(false);
    expect(await app.limiter.attempts('login')).toBe(1);
  });

  test('says where the entries of a memory store are out of its reach', async () => {
    expect((await artisan('cache:clear --store=memory')).out).toContain('lives in its own process');
    expect((await artisan('cache:clear')).out).not.toContain('lives in its own process');
  });
});

describe('cache:forget', () => {
  test('removes one entry, and says whether there was one', async () => {
    await app.cache().put('a', 1);
    await app.cache().put('b', 1);
    expect(await artisan('cache:forget a')).toMatchObject({
      code: 0,
      out: expect.stringContaining('The entry "a" of the cache store "sqlite" is gone.'),
    });
    expect(await artisan('cache:forget a')).toMatchObject({
      code: 0,
      out: expect.stringContaining('The cache store "sqlite" held no entry "a".'),
    });
    expect(await app.cache().has('b')).toBe(true);
  });

  test('takes an expired entry for none', async () => {
    await expired('a');
    expect((await artisan('cache:forget a')).out).toContain('held no entry "a"');
  });
});

describe('cache:get', () => {
  test.each([
    ['an object', { rows: [1, 2] }, '{\n  "rows": [\n    1,\n    2\n  ]\n}\n'],
    ['a text', '7', '"7"\n'],
    ['null', null, 'null\n'],
    ['undefined', undefined, 'undefined\n'],
    ['a Map with a Date', new Map([['at', new Date(0)]]), /^Map\(1\) { 'at' => 1970-01-01T.*}\n$/],
    ['what would steer a terminal', '\u009b2J', '"\\u009b2J"\n'],
  ])('shows %s', async (_, value, text) => {
    await app.cache().put('key', value);
    const { code, out } = await artisan('cache:get key');
    expect(code).toBe(0);
    if (typeof text === 'string') expect(out).toBe(text);
    else expect(out).toMatch(text);
  });

  test('--json tags what JSON has no word for', async () => {
    await app.cache().put('key', { at: new Date(0), none: undefined });
    expect(JSON.parse((await artisan('cache:get key --json')).out)).toEqual({
      key: 'key',
      found: true,
      value: { at: { $: 'date', v: 0 }, none: { $: 'undefined' } },
    });
  });

  test('fails where there is none', async () => {
    await expired('key');
    expect(await artisan('cache:get key')).toMatchObject({
      code: 1,
      out: expect.stringContaining('The cache store "sqlite" holds no entry "key".'),
    });
    const { code, out } = await artisan('cache:get key --json');
    expect({ code, ...JSON.parse(out) }).toEqual({ code: 1, key: 'key', found: false });
  });
});

describe('cache:prune', () => {
  test('removes what has expired and what was cleared by a tag, and says how much', async () => {
    await app.cache().put('live', 1);
    await expired('a');
    await app.cache().tags('t').put('b', 1);
    await app.cache().tags('t').clear();
    expect((await artisan('cache:prune')).out).toContain(
      'Removed 2 dead entries of the cache store "sqlite".',
    );
    expect((await artisan('cache:prune')).out).toContain('Removed 0 dead entries');
    expect(await app.cache().has('live')).toBe(true);
  });
});

describe('cache:stats', () => {
  async function stats(options = ''): Promise<Record<string, unknown>> {
    const { code, out } = await artisan(`cache:stats --json ${options}`);
    expect(code).toBe(0);
    return JSON.parse(out) as Record<string, unknown>;
  }

  test('tells what lies in a store, and what happened to it', async () => {
    travelTo(1_000_000);
    await app.cache().put('report:1', 'x'.repeat(100));
    travel('1m');
    await app.cache().put('report:2', 1);
    await app.cache().put('visits', 1);
    await app.cache().get('visits');
    await app.cache().get('visits');
    await app.cache().get('missing');
    await app.cache().forget('missing');
    await expired('a');
    await app.caches.flush();
    expect(await stats()).toEqual({
      store: 'sqlite',
      driver: 'sqlite',
      isPerProcess: false,
      file: { path: fileOfCache(), bytes: expect.any(Number), walBytes: expect.any(Number) },
      entries: 3,
      bytes: 141,
      dead: 1,
      oldest: 1_000_000,
      prefixes: [
        { prefix: 'report', entries: 2, bytes: 102 + 1 + 2 * 'shop:report:1'.length },
        { prefix: '', entries: 1, bytes: 1 + 'shop:visits'.length },
      ],
      others: { prefixes: 0, entries: 0, bytes: 0 },
      hitRate: 2 / 3,
      hits: 2,
      misses: 1,
      writes: 4,
      forgets: 1,
      evictions: 0,
      errors: 0,
    });
  });

  test('counts nothing that it reads itself', async () => {
    await app.cache().get('missing');
    await app.caches.flush();
    await artisan('cache:get missing');
    await artisan('cache:stats');
    expect(await stats()).toMatchObject({ hits: 0, misses: 1 });
  });

  test('sums up the prefixes beyond the largest ten', async () => {
    const keys = Array.from({ length: 12 }, (_, index) => `p${index}:key`);
    await app
      .cache()
      .putMany(keys.map((key, index) => [key, 'x'.repeat(200 - 10 * index)] as const));
    const found = await stats();
    expect(found['prefixes']).toHaveLength(10);
    // Those of p10 and p11: texts of 100 and 90 characters in quotes, below keys of 12
    expect(found['others']).toEqual({ prefixes: 2, entries: 2, bytes: 102 + 92 + 2 * 12 });
    const { out } = await artisan('cache:stats');
    expect(out).toMatch(/Entries \.+ 12, /);
    expect(out).toMatch(/p0 .* 1 .* 213 B/);
    expect(out).toMatch(/2 other prefixes .* 2 /);
  });

  test('is readable for a store that nothing has happened to', async () => {
    const { out } = await artisan('cache:stats');
    expect(out).toMatch(/Hit rate \.+ not read yet \(0 hits, 0 misses\)/);
    expect(out).not.toContain('Oldest entry');
    expect(await stats()).toMatchObject({ hitRate: null, oldest: null, entries: 0 });
  });

  test('says that a memory store is of each process', async () => {
    expect((await artisan('cache:stats --store=memory')).out).toContain(
      'The store "memory" lives in the memory of each process',
    );
    expect(await stats('--store=memory')).toMatchObject({ isPerProcess: true, file: null });
  });
});

describe('a cache command', () => {
  const commands = [
    'cache:clear',
    'cache:forget key',
    'cache:get key',
    'cache:prune',
    'cache:stats',
  ];

  test.each(commands)('%s names the stores there are when it is told another', async (line) => {
    expect(await artisan(`${line} --store=redis`)).toMatchObject({
      code: 1,
      err: expect.stringContaining(
        'The cache store "redis" is not declared; there are: sqlite, memory.',
      ),
    });
  });

  test.each(commands)('%s fails where the file is no cache, and the file stays', async (line) => {
    await app.close();
    writeFileSync(fileOfCache(), 'no database');
    expect(await artisan(line)).toMatchObject({
      code: 1,
      err: expect.stringContaining('The cache store "sqlite" does not answer'),
    });
  });

  test('works on stores made of others, and on one that keeps nothing', async () => {
    await startAnew(`
      nothing: { driver: 'null' },
      tiered: { driver: 'tiered', store: 'sqlite' },
      safe: { driver: 'failover', stores: ['tiered', 'memory'] },
    `);
    await app.cache().put('key', 1);
    for (const store of ['tiered', 'safe']) {
      expect((await artisan(`cache:get key --store=${store}`)).out).toBe('1\n');
      const { out } = await artisan(`cache:stats --store=${store} --json`);
      expect(JSON.parse(out)).toMatchObject({ entries: 1, file: { path: fileOfCache() } });
      expect((await artisan(`cache:prune --store=${store}`)).code).toBe(0);
    }
    expect((await artisan('cache:forget key --store=safe')).out).toContain('is gone');
    expect((await artisan('cache:clear --store=safe')).out).toContain('lives in its own process');
    expect((await artisan('cache:get key --store=nothing')).code).toBe(1);
    expect((await artisan('cache:stats --store=nothing')).out).toMatch(/Entries \.+ 0, 0 B/);
  });
});

/** Puts an entry whose time has passed. */
async function expired(key: string): Promise<void> {
  const now = clock.now();
  travelTo(now - 60_000);
  await app.cache().put(key, 1, '1s');
  travelTo(now);
}

function fileOfCache(): string {
  return join(project.path, 'storage/cache.sqlite');
}
