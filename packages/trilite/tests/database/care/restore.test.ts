import fs, {
  copyFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { basename, join } from 'node:path';
import Database from 'better-sqlite3';
import { backupConnection } from '../../../src/database/care/backup';
import * as fileUsers from '../../../src/database/care/file-users';
import { restoreConnection } from '../../../src/database/care/restore';
import { generationMigrations, readGeneration } from '../../../src/database/generation';
import { Migrator } from '../../../src/database/migrations/migrator';
import { errorWith } from '../../helpers/errors';
import {
  createFiles,
  ended,
  killed,
  message,
  readNotes,
  writeNotes,
  type TestFiles,
} from '../../helpers/files';
import { copyFolder, lookAt, Moments, usualNamesIn } from '../../helpers/moments';

const onLinux = existsSync('/proc/locks') ? test : test.skip;
let files: TestFiles;
let file: string;
let backup: string;

beforeEach(() => useFolder('storage'));

afterEach(async () => {
  jest.restoreAllMocks();
  await files.close();
});

function useFolder(folder: string): void {
  files = createFiles(['default'], folder);
  file = files.at('default.sqlite');
  backup = files.at('saved.sqlite');
  writeNotes(backup, 'new');
}

function restore(from = backup) {
  const options = { backup: from, folder: files.backups };
  return restoreConnection(files.connections.connection(), options);
}

/** The same in a copy of the storage folder. */
function restoreIn(path: string) {
  const place = join(path, basename(file));
  const { settings } = files.connections.connection();
  const source = { name: 'default', file: place, settings: { ...settings, file: place } };
  const options = { backup: join(path, basename(backup)), folder: join(path, 'backups') };
  return restoreConnection(source, options);
}

/** What lies in the storage folder beside the file, the backup and what was replaced. */
function strangers(path = files.path): string[] {
  const known = ['default.sqlite', basename(backup), 'backups'];
  return readdirSync(path).filter((name) => !known.includes(name));
}

/** Makes a file whose last note lies in the -wal alone, as a process that was killed leaves it. */
function writeNotesAndWal(): void {
  writeNotes(file, 'old');
  const db = new Database(file);
  db.exec("insert into notes values ('old, in the wal')");
  const left = `${files.path} left`;
  copyFolder(files.path, left);
  db.close();
  for (const side of ['', '-wal', '-shm']) {
    renameSync(join(left, `default.sqlite${side}`), `${file}${side}`);
  }
  rmSync(left, { recursive: true });
  expect(statSync(`${file}-wal`).size).toBeGreaterThan(0);
}

const OLD = ['old', 'old, in the wal'];

/** Makes a file that is no database any more, with a -wal whose frames SQLite would take for those of any file of that name. */
function writeDamagedAndWal(): void {
  writeNotesAndWal();
  writeFileSync(file, 'damaged');
}

test('a backup takes the place of the file, which is kept whole, its -wal folded in', async () => {
  writeNotesAndWal();
  const { replaced, ...restored } = await restore();
  expect(restored).toEqual({
    connection: 'default',
    file,
    backup,
    left: undefined,
    violations: [],
  });
  expect(strangers()).toEqual([]);
  expect(readNotes(file)).toEqual(['new']);
  expect(replaced).toMatch(/\/backups\/replaced\/default-\d{8}T\d{9}Z\.sqlite$/);
  expect(readNotes(String(replaced))).toEqual(OLD);
});

test('a backup made by Trilite brings back what was there when it was made', async () => {
  const connection = files.connections.connection();
  writeNotes(file, 'then');
  const { path } = await backupConnection(connection, { folder: files.backups });
  writeNotes(file, 'later');
  await restore(path);
  expect(readNotes(file)).toEqual(['then']);
  expect(existsSync(path)).toBe(true);
  expect(await connection.read((handle) => handle.pragma('journal_mode'))).toBe('wal');
});

describe('the generation of a file', () => {
  test('stays in a backup, and is a new one after each restore of it', async () => {
    const connection = files.connections.connection();
    const source = { connection: 'default', migrations: generationMigrations };
    await new Migrator(files.connections, [source]).migrate();
    const first = await connection.read(readGeneration);
    const { path } = await backupConnection(connection, { folder: files.backups });
    expect(await connection.read(readGeneration)).toBe(first);
    expect(generationIn(path)).toBe(first);
    await files.connections.close();
    await restore(path);
    const second = generationIn(file);
    await restore(path);
    const third = generationIn(file);
    expect(new Set([first, second, third]).size).toBe(3);
    expect(strangers()).toEqual([]);
  });

  test('is not brought into a file that has none', async () => {
    const connection = files.connections.connection();
    writeNotes(file, 'then');
    const { path } = await backupConnection(connection, { folder: files.backups });
    await restore(path);
    expect(readFileSync(file)).toEqual(readFileSync(path));
    expect(await connection.read(readGeneration)).toBeUndefined();
  });

  function generationIn(path: string): unknown {
    const db = new Database(path, { readonly: true });
    try {
      return db.prepare('select generation from file_generation').pluck().get();
    } finally {
      db.close();
    }
  }
});

test('a damaged file is replaced, and kept with its -wal, which does not become the -wal of the new one', async () => {
  writeDamagedAndWal();
  const wal = readFileSync(`${file}-wal`);
  const { replaced } = await restore();
  expect(strangers()).toEqual([]);
  expect(readNotes(file)).toEqual(['new']);
  expect(readFileSync(String(replaced), 'utf8')).toBe('damaged');
  expect(readFileSync(`${String(replaced)}-wal`)).toEqual(wal);
});

test('a missing file is put there, and a -wal that was left of it is moved away', async () => {
  writeNotesAndWal();
  rmSync(file);
  const { replaced } = await restore();
  expect(replaced).toBeUndefined();
  expect(readNotes(file)).toEqual(['new']);
  expect(strangers()).toContainEqual(expect.stringMatching(/^default-.*\.replaced\.sqlite-wal$/));
});

test('a copy of a file with its -wal is restored with what lies in the -wal', async () => {
  writeNotesAndWal();
  const copies = files.at('copies');
  mkdirSync(copies);
  for (const side of ['', '-wal']) copyFileSync(`${file}${side}`, join(copies, `copy${side}`));
  rmSync(`${file}-wal`);
  await restore(join(copies, 'copy'));
  expect(readNotes(file)).toEqual(OLD);
  expect(readdirSync(copies).sort()).toEqual(['copy', 'copy-wal']);
});

describe('a file in use', () => {
  beforeEach(() => writeNotes(file, 'old'));

  onLinux('by another process is not replaced, and the process is named', async () => {
    const holder = files.start('hold.js', file, 'open');
    await message(holder);
    await expect(restore()).rejects.toThrow(errorWith('E_DATABASE_IN_USE', String(holder.pid)));
    await killed(holder);
    expect(readNotes(file)).toEqual(['old']);
    expect(existsSync(files.backups)).toBe(false);
    await restore();
    expect(readNotes(file)).toEqual(['new']);
  });

  test('by another process is not replaced where /proc tells nothing', async () => {
    jest.spyOn(fileUsers, 'fileUsers').mockReturnValue([]);
    const holder = files.start('hold.js', file, 'open');
    await message(holder);
    await expect(restore()).rejects.toThrow(errorWith('E_DATABASE_IN_USE', 'another process'));
    await killed(holder);
    expect(readNotes(file)).toEqual(['old']);
    expect(strangers()).toEqual([]);
  });

  test('by this process is not replaced', async () => {
    await files.connections.connection().check();
    await expect(restore()).rejects.toThrow(errorWith('E_DATABASE_IN_USE'));
    await files.connections.close();
    expect(readNotes(file)).toEqual(['old']);
  });

  onLinux('and damaged is not replaced', async () => {
    const holder = files.start('hold.js', file, 'open');
    await message(holder);
    writeFileSync(file, 'damaged');
    await expect(restore()).rejects.toThrow(errorWith('E_DATABASE_IN_USE', String(holder.pid)));
    expect(readFileSync(file, 'utf8')).toBe('damaged');
  });

  onLinux('is no backup', async () => {
    const holder = files.start('hold.js', backup, 'open');
    await message(holder);
    await expect(restore()).rejects.toThrow(errorWith('E_DATABASE_IN_USE', backup));
  });

  test('is no backup of itself, by whatever name', async () => {
    symlinkSync(file, files.at('link.sqlite'));
    for (const path of [file, files.at('link.sqlite'), `${files.path}/../storage/default.sqlite`]) {
      await expect(restore(path)).rejects.toThrow(errorWith('E_DATABASE_IN_USE', 'itself'));
    }
  });
});

describe('a backup', () => {
  const damage: readonly (readonly [string, (bytes: Buffer) => Buffer])[] = [
    ['that is empty', () => Buffer.alloc(0)],
    [
      'that is no database',
      () => Buffer.from('not a database, whatever its name says'.repeat(200)),
    ],
    ['that is cut off', (bytes) => bytes.subarray(0, bytes.length / 2)],
    ['with a damaged page', (bytes) => Buffer.from(bytes).fill(0xff, 4096 * 2, 4096 * 4)],
  ];

  test.each(damage)('%s is refused, and the file is untouched', async (_, damaged) => {
    writeNotes(file, 'old');
    const db = new Database(backup);
    db.exec('create table more (text)');
    for (let row = 0; row < 20; row += 1) {
      db.prepare('insert into more values (?)').run('x'.repeat(3000));
    }
    db.close();
    writeFileSync(backup, damaged(readFileSync(backup)));
    const before = { bytes: readFileSync(file), inode: statSync(file).ino };
    await expect(restore()).rejects.toThrow(errorWith('E_BACKUP_DAMAGED', backup));
    expect({ bytes: readFileSync(file), inode: statSync(file).ino }).toEqual(before);
    expect(strangers()).toEqual([]);
    expect(existsSync(files.backups)).toBe(false);
  });
});

test('the restored file has the permissions of the one it replaces', async () => {
  writeNotes(file, 'old');
  fs.chmodSync(file, 0o640);
  fs.chmodSync(backup, 0o444);
  await restore();
  expect(statSync(file).mode & 0o777).toBe(0o640);
});

test('a link to the file stays a link', async () => {
  writeNotes(files.at('elsewhere.sqlite'), 'old');
  symlinkSync(files.at('elsewhere.sqlite'), file);
  await restore();
  expect(fs.lstatSync(file).isSymbolicLink()).toBe(true);
  expect(readNotes(files.at('elsewhere.sqlite'))).toEqual(['new']);
});

test('names and folders may be odd', async () => {
  await files.close();
  useFolder(`it's "odd" % $HOME ?mode=ro`);
  writeNotes(file, 'old');
  const odd = files.at(`a 'b' "c".sqlite`);
  renameSync(backup, odd);
  const { replaced } = await restore(odd);
  expect(readNotes(file)).toEqual(['new']);
  expect(readNotes(String(replaced))).toEqual(['old']);
});

describe('where a file cannot have a second name', () => {
  const refuseLinks = (code: string): void => {
    jest.spyOn(fs, 'linkSync').mockImplementation(() => {
      throw Object.assign(new Error(code), { code });
    });
  };

  test.each(['EPERM', 'EXDEV', 'ENOTSUP'])('it is kept beside its place (%s)', async (code) => {
    refuseLinks(code);
    writeNotesAndWal();
    const { replaced } = await restore();
    expect(replaced).toMatch(/\/storage\/default-\d{8}T\d{9}Z\.replaced\.sqlite$/);
    expect(readNotes(String(replaced))).toEqual(OLD);
    expect(readNotes(file)).toEqual(['new']);
  });
});

test.each(['renameSync', 'linkSync', 'mkdirSync'] as const)(
  'a file whose %s fails is as it was',
  async (name) => {
    writeDamagedAndWal();
    const wal = readFileSync(`${file}-wal`);
    const original = fs[name] as (...parameters: unknown[]) => unknown;
    jest.spyOn(fs, name).mockImplementation(((...paths: unknown[]) => {
      const isLast = name !== 'renameSync' || paths[1] === file;
      if (isLast) throw Object.assign(new Error('EIO: i/o error'), { code: 'EIO' });
      return original(...paths);
    }) as never);
    await expect(restore()).rejects.toThrow(errorWith('E_RESTORE_FAILED', 'EIO'));
    jest.restoreAllMocks();
    expect(readFileSync(file, 'utf8')).toBe('damaged');
    expect(readFileSync(`${file}-wal`)).toEqual(wal);
    const replaced = join(files.backups, 'replaced');
    expect(existsSync(replaced) ? readdirSync(replaced) : []).toEqual([]);
  },
);

describe('a restore that is killed before its', () => {
  let moments: Moments;

  beforeEach(() => {
    moments = new Moments();
  });

  afterEach(() => moments.remove());

  /** Restores in a process, which is killed before a change, or keeps the moments. */
  async function restoreAndDie(folder: string, at: number | string, canLink: boolean) {
    const [place, saved] = [file, backup].map((path) => join(folder, basename(path)));
    const parameters = [String(place), String(saved), join(folder, 'backups')];
    const child = files.start(
      'restore-and-die.js',
      ...[...parameters, canLink ? 'yes' : 'no', String(at)],
    );
    return (await ended(child)) ?? child.exitCode;
  }

  /** Files that were kept, in either place, by what they hold. */
  function kept(path: string): string[] {
    const replaced = join(path, 'backups/replaced');
    return [
      ...(existsSync(replaced) ? readdirSync(replaced).map((name) => join(replaced, name)) : []),
      ...readdirSync(path)
        .filter((name) => name.includes('.replaced.sqlite'))
        .map((name) => join(path, name)),
    ];
  }

  /** Restores once; judges what it would leave at each change, and restores once more there. @returns how many changes it made */
  async function killAtEachChange(
    { canLink }: { readonly canLink: boolean },
    judge: (path: string) => void,
  ): Promise<number> {
    expect(await restoreAndDie(files.path, moments.root, canLink)).toBe(0);
    lookAt(files.path, judge);
    moments.take();
    for (const { path } of moments.all) {
      lookAt(path, judge);
      const place = join(path, basename(file));
      const isMissing = !existsSync(place);
      const { left } = await restoreIn(path);
      if (isMissing) expect(isOld(String(left))).toBe(true);
      expect(readNotes(place)).toEqual(['new']);
      expect(strangers(path).filter((name) => !name.includes('.replaced.sqlite'))).toEqual([]);
      expect(lookAt(path, (copy) => kept(copy).some((one) => isOld(one)))).toBe(true);
    }
    return moments.steps.length;
  }

  let isOld: (path: string) => boolean;

  test('n-th change of the file system leaves the old or the new file in place, whole', async () => {
    writeNotesAndWal();
    isOld = (path) => !path.endsWith('-wal') && readNotes(path).join() === OLD.join();
    const changes = await killAtEachChange({ canLink: true }, (path) => {
      const notes = readNotes(join(path, 'default.sqlite'));
      expect([OLD, ['new']]).toContainEqual(notes);
      if (notes[0] === 'new') expect(kept(path).some(isOld)).toBe(true);
    });
    expect(changes).toBeGreaterThan(5);
  });

  test('n-th change leaves a damaged file in place or kept, its -wal in place or kept', async () => {
    writeDamagedAndWal();
    isOld = (path) => readFileSync(path, 'utf8') === 'damaged';
    const changes = await killAtEachChange({ canLink: true }, (path) => {
      const place = join(path, 'default.sqlite');
      const isReplaced = readFileSync(place, 'utf8') !== 'damaged';
      if (isReplaced) expect(kept(path).some(isOld)).toBe(true);
      const wals = [`${place}-wal`, ...kept(path).filter((one) => one.endsWith('-wal'))];
      expect(wals.filter((one) => existsSync(one))).toHaveLength(1);
      if (isReplaced) expect(readNotes(place)).toEqual(['new']);
    });
    expect(changes).toBeGreaterThan(7);
  });

  test('n-th change, where a file cannot have two names, leaves it in place or beside it, which the next one tells', async () => {
    writeNotesAndWal();
    isOld = (path) => readNotes(path).join() === OLD.join();
    let missing = 0;
    await killAtEachChange({ canLink: false }, (path) => {
      const place = join(path, 'default.sqlite');
      if (existsSync(place)) return expect([OLD, ['new']]).toContainEqual(readNotes(place));
      missing += 1;
      expect(kept(path).some(isOld)).toBe(true);
    });
    expect(missing).toBeGreaterThan(0);
  });

  test('last change leaves what was looked at', async () => {
    writeNotesAndWal();
    const killedOne = `${moments.root}/killed`;
    copyFolder(files.path, killedOne);
    expect(await restoreAndDie(files.path, moments.root, true)).toBe(0);
    moments.take();
    const last = moments.steps.lastIndexOf('renameSync');
    expect(await restoreAndDie(killedOne, last + 1, true)).toBe('SIGKILL');
    const [left, lookedAt] = [killedOne, moments.before(last).path].map((path) =>
      lookAt(path, (copy) => ({ names: usualNamesIn(copy), notes: kept(copy).map(readNotes) })),
    );
    expect(left).toEqual(lookedAt);
    expect(left?.notes).toEqual([OLD]);
  });
});
