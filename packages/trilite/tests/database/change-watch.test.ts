import { AsyncLocalStorage } from 'node:async_hooks';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import fs, { existsSync, renameSync, rmSync } from 'node:fs';
import Sqlite from 'better-sqlite3';
import { ChangeWatch } from '../../src/database/change-watch';
import type { Connection } from '../../src/database/connection';
import { createFiles, ended, message, type TestFiles } from '../helpers/files';
import { gate } from '../helpers/gate';

const onLinux = process.platform === 'linux' ? test : test.skip;
const watches: ChangeWatch[] = [];
let files: TestFiles;
let connection: Connection;
let file: string;

beforeEach(() => useFile());

afterEach(async () => {
  for (const watch of watches.splice(0)) watch.close();
  jest.restoreAllMocks();
  await files.close();
});

function useFile(options: object = {}): void {
  files = createFiles(['default', 'other'], 'storage', options);
  file = files.at('default.sqlite');
  createNumbers(file);
  connection = files.connections.connection();
}

function createNumbers(path: string): void {
  const db = new Sqlite(path);
  db.pragma('journal_mode = wal');
  db.exec('create table numbers (number integer primary key)');
  db.close();
}

function watch(onChange: () => void, on = connection): ChangeWatch {
  const begun = new ChangeWatch(on, onChange);
  watches.push(begun);
  return begun;
}

/** Another process that has the file open. */
async function committer(synchronous = 'normal'): Promise<ChildProcess> {
  const child = files.start('commit.js', file, synchronous);
  await message(child);
  return child;
}

/** Has a process commit, and resolves when it has. */
async function commit(child: ChildProcess, count = 1): Promise<void> {
  const done = message(child);
  child.send(count);
  await done;
}

/** What resolves once a watch calls back while the file holds so many numbers. */
function untilSeen(count: number, on = connection): Promise<void> {
  const seen = gate();
  const select = 'select count(*) as numbers from numbers';
  watch(() => {
    const read = on.read((handle) => handle.statement(select).get() as { numbers: number });
    void read.then(({ numbers }) => {
      if (numbers === count) seen.open();
    });
  }, on);
  return seen.opened;
}

/** The look now and then: before an event has come, and since. */
const NETS_MS = [250, 2000];

/** Leaves the events of the file system alone to notice anything. */
function withoutNet(): void {
  changeNet(() => undefined);
}

/** Has that look taken sooner than it would be. */
function withQuickNet(): void {
  changeNet((begin, look) => begin(look, 20));
}

function changeNet(
  change: (begin: typeof setInterval, look: () => void) => NodeJS.Timeout | undefined,
): void {
  const begin = global.setInterval;
  jest
    .spyOn(global, 'setInterval')
    .mockImplementation(((call: () => void, ms: number) =>
      NETS_MS.includes(ms) ? change(begin, call) : begin(call, ms)) as never);
}

/** The watches of the file system, each as it begins. */
function watchersBegun(): () => Promise<fs.FSWatcher> {
  const original = fs.watch as (...parameters: unknown[]) => fs.FSWatcher;
  let begun = gate<fs.FSWatcher>();
  jest.spyOn(fs, 'watch').mockImplementation((...parameters: unknown[]) => {
    const watcher = original(...parameters);
    begun.open(watcher);
    return watcher;
  });
  return async () => {
    const watcher = await begun.opened;
    begun = gate();
    return watcher;
  };
}

describe.each(['normal', 'full'])('a commit of another process (synchronous %s)', (synchronous) => {
  test('is noticed', async () => {
    const child = await committer(synchronous);
    const seen = untilSeen(1);
    await commit(child);
    await seen;
  });

  test('is noticed, the last one of 2,000 in a row', async () => {
    const child = await committer(synchronous);
    const seen = untilSeen(2000);
    await commit(child, 2000);
    await seen;
  });

  onLinux('is noticed by events alone', async () => {
    withoutNet();
    const next = watchersBegun();
    const child = await committer(synchronous);
    let noticed = gate();
    watch(() => noticed.open());
    await next();
    noticed = gate();
    child.send('on');
    await noticed.opened;
  });
});

test.each(['delete', 'truncate', 'persist'])(
  'a commit to a file without a -wal is noticed (journal mode %s)',
  async (journalMode) => {
    await files.close();
    useFile({ journalMode });
    await connection.check();
    const child = await committer();
    const seen = untilSeen(1);
    await commit(child);
    await seen;
    expect(existsSync(`${file}-wal`)).toBe(false);
  },
);

test('a commit of another connection of this process is noticed', async () => {
  const db = new Sqlite(file);
  const seen = untilSeen(1);
  db.exec('insert into numbers default values');
  await seen;
  db.close();
});

test('a commit after a transaction is noticed, in which another handle was looked at', async () => {
  const child = await committer();
  const began = gate();
  const end = gate();
  const transaction = connection.transaction(async (session) => {
    await session.run((handle) => handle.statement('select 1').get());
    began.open();
    await end.opened;
  });
  await began.opened;
  const seen = untilSeen(0);
  await seen; // by the reader
  end.open();
  await transaction;
  const later = untilSeen(1);
  await commit(child);
  await later;
});

test('a watch begun in a transaction goes on after its end, and calls back in its own context', async () => {
  const child = await committer();
  const contexts = new AsyncLocalStorage<string>();
  const told: (string | undefined)[] = [];
  await connection.transaction(async () => {
    contexts.run('first', () => watch(() => told.push(contexts.getStore())));
    await Promise.resolve();
  });
  const seen = contexts.run('second', () => untilSeen(1));
  await commit(child);
  await seen;
  contexts.run('second', () => watch(() => told.push(contexts.getStore())));
  const again = untilSeen(2);
  await commit(child);
  await again;
  expect(new Set(told)).toEqual(new Set(['first', 'second']));
});

test('after a checkpoint that empties the -wal commits are noticed', async () => {
  const child = await committer();
  const seen = untilSeen(1);
  await commit(child);
  await seen;
  const db = new Sqlite(file);
  expect(db.pragma('wal_checkpoint(TRUNCATE)')).toEqual([{ busy: 0, log: 0, checkpointed: 0 }]);
  db.close();
  const later = untilSeen(2);
  await commit(child);
  await later;
});

onLinux('a -wal that is removed and made anew is watched as soon as it is there', async () => {
  withQuickNet();
  const next = watchersBegun();
  let noticed = gate();
  watch(() => noticed.open());
  await next();
  const db = new Sqlite(file);
  db.pragma('wal_checkpoint(TRUNCATE)');
  db.close();
  rmSync(`${file}-wal`);
  const child = await committer();
  noticed = gate();
  await commit(child);
  await noticed.opened;
  const told = once(await next(), 'change');
  noticed = gate();
  await commit(child);
  await Promise.all([told, noticed.opened]);
});

onLinux('a file that takes the place of a followed one is watched', async () => {
  withQuickNet();
  const next = watchersBegun();
  connection.follow();
  const seen = untilSeen(0);
  await next();
  await seen;
  for (const side of ['', '-wal', '-shm']) renameSync(`${file}${side}`, `${file}.old${side}`);
  createNumbers(file);
  const child = await committer();
  const later = untilSeen(2);
  await commit(child, 2);
  await later;
  const told = once(await next(), 'change');
  const last = untilSeen(3);
  await commit(child);
  await Promise.all([told, last]);
});

test('a link to a file is followed to where its -wal lies', async () => {
  const next = watchersBegun();
  renameSync(file, files.at('elsewhere.sqlite'));
  fs.symlinkSync(files.at('elsewhere.sqlite'), file);
  const child = await committer();
  const seen = untilSeen(1);
  await next();
  expect(fs.watch).toHaveBeenCalledWith(
    `${fs.realpathSync(files.at('elsewhere.sqlite'))}-wal`,
    expect.anything(),
    expect.anything(),
  );
  await commit(child);
  await seen;
});

describe('watches on one connection', () => {
  test('are told each, and share one watch of the file system', async () => {
    const next = watchersBegun();
    const child = await committer();
    const seen = [untilSeen(1), untilSeen(1), untilSeen(1)];
    await next();
    await commit(child);
    await Promise.all(seen);
    expect(fs.watch).toHaveBeenCalledTimes(1);
  });

  test('are silent once they are closed, and the others go on', async () => {
    const child = await committer();
    const closed = jest.fn();
    const [first] = [watch(closed), watch(jest.fn())];
    const begun = untilSeen(0);
    await begun;
    first.close();
    first.close();
    closed.mockClear();
    const seen = untilSeen(1);
    await commit(child);
    await seen;
    expect(closed).not.toHaveBeenCalled();
  });

  test('do not keep one another from being told by what they throw', async () => {
    const warn = jest.spyOn(process, 'emitWarning').mockImplementation(() => undefined);
    const child = await committer();
    watch(() => {
      throw new Error('thrown by a watch');
    });
    const seen = untilSeen(1);
    await commit(child);
    await seen;
    expect(warn).toHaveBeenCalledWith('A listener of changes of a file failed.', expect.anything());
  });
});

test('a watch that is closed at once, or by what it calls, is silent', async () => {
  const child = await committer();
  const silent = jest.fn();
  watch(silent).close();
  const once = gate();
  const told = jest.fn(() => {
    closing.close();
    once.open();
  });
  const closing = watch(told);
  await once.opened;
  const seen = untilSeen(1);
  await commit(child);
  await seen;
  expect(silent).not.toHaveBeenCalled();
  expect(told).toHaveBeenCalledTimes(1);
});

test('a watch begun anew after the last one was closed notices', async () => {
  const child = await committer();
  const first = watch(jest.fn());
  first.close();
  const seen = untilSeen(1);
  first.close();
  await commit(child);
  await seen;
  const both = untilSeen(2);
  await commit(child);
  await both;
});

describe.each(['EMFILE', 'ENOSPC', 'EACCES'])('where nothing can be watched (%s)', (code) => {
  test('commits are noticed all the same', async () => {
    withQuickNet();
    jest.spyOn(fs, 'watch').mockImplementation(() => {
      throw Object.assign(new Error(code), { code });
    });
    const child = await committer();
    const seen = untilSeen(1);
    await commit(child);
    await seen;
    expect(fs.watch).toHaveBeenCalled();
  });
});

onLinux('a watch of the file system that fails later is begun anew', async () => {
  const next = watchersBegun();
  const child = await committer();
  const seen = untilSeen(1);
  (await next()).emit('error', Object.assign(new Error('ENOSPC'), { code: 'ENOSPC' }));
  await next();
  await commit(child);
  await seen;
});

test('a file that is missing, or a connection that is closed, calls back and throws nothing', async () => {
  const missing = gate();
  watch(() => missing.open(), files.connections.connection('other'));
  await missing.opened;
  await files.connections.close();
  const closed = gate();
  watch(() => closed.open());
  await closed.opened;
});

test('a file in memory has nobody else who commits', async () => {
  await files.close();
  files = createFiles(['default'], 'storage', { file: ':memory:' });
  connection = files.connections.connection();
  jest.spyOn(fs, 'watch');
  watch(jest.fn()).close();
  expect(fs.watch).not.toHaveBeenCalled();
});

test('a process that closed its watch ends', async () => {
  const child = files.start('watch-and-end.js', file);
  expect(await ended(child)).toBeNull();
  expect(child.exitCode).toBe(0);
});
