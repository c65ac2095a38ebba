import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import DatabaseFile from 'better-sqlite3';
import type { Application } from '../../../src/application';
import { MANIFEST_BYTES } from '../../../src/tenancy/archive/manifest';
import { TenantArchives, type FrameworkError, type ImportOptions } from 'trilite';
import {
  entryOf,
  gzipped,
  partOf,
  readArchive,
  tamper,
  tarOf,
  writeArchive,
  type ArchiveEntry,
} from '../../helpers/archives';
import type { TestProject } from '../../helpers/project';
import {
  createTenantProject,
  openTenantApplication,
  treeOf,
  writeNote,
} from '../../helpers/tenants';

let project: TestProject;
let app: Application;
let archive: string;
let before: string[];
let whole: Buffer;

const storage = (): string => join(project.path, 'storage');

/** All that lies in the storage folder; what SQLite keeps beside open files changes as it is read. */
const onDisk = (): string[] =>
  treeOf(storage()).filter((line) => !/^(database|tenancy)\.sqlite|-(wal|shm) /.test(line));

const take = (options: ImportOptions = {}) => app.make(TenantArchives).import(archive, options);

// One for all tests: each of them looks that nothing of it has changed
beforeAll(async () => {
  project = createTenantProject();
  app = await openTenantApplication(project);
  archive = join(project.path, 'acme.tar.gz');
  await app.tenancy.create('acme');
  await app.tenancy.run('acme', () => writeNote(app, 'of acme'));
  writeFileSync(join(storage(), 'tenants/acme/files/own.txt'), 'own');
  await app.make(TenantArchives).export('acme', archive);
  await app.tenancy.close();
  before = onDisk();
  whole = readFileSync(archive);
});

beforeEach(() => {
  archive = join(project.path, 'acme.tar.gz');
  writeFileSync(archive, whole);
});

afterAll(async () => {
  await app.close();
  project.remove();
});

async function refused(code: string, message: string | RegExp, options?: ImportOptions) {
  const error = await take({ id: 'other', ...options }).catch((thrown: unknown) => thrown);
  expect(error).toMatchObject({ code, message: expect.stringMatching(message) as unknown });
  if ((error as FrameworkError).status < 500) expectNoPath(error as FrameworkError);
  expect(onDisk()).toEqual(before);
  expect((await app.tenancy.list(['active', 'creating'])).map(({ id }) => id)).toEqual(['acme']);
}

/** Whoever sends archives is told of the file, and not where it lies; who runs commands reads the help. */
function expectNoPath({ code, message, help }: FrameworkError): void {
  expect(message).not.toContain(project.path);
  if (code.startsWith('E_TENANT_ARCHIVE')) expect(help).toContain(`"${archive}"`);
}

const invalid = (message: string | RegExp) => refused('E_TENANT_ARCHIVE_INVALID', message);

const IDS = [
  '..',
  '.',
  '',
  'A',
  'Acme',
  'a--b',
  '-a',
  'a-',
  'a/b',
  '../acme',
  '/etc',
  'a\\b',
  'a\0b',
  '%2e%2e',
  'a?b',
  'a#b',
  'ä',
  'a ',
  ' a',
  'con.',
  'a.',
  'a'.repeat(41),
  'a'.repeat(300),
  'e\u0301',
  'аcme', // Cyrillic
  '😀',
];

const NAMES = [
  'files/../../escape',
  'files/../x',
  '../escape',
  '/etc/cron.d/escape',
  'files//etc/passwd',
  'files/',
  'files/.',
  'files/a/../../x',
  'files/a\0b',
  'cache.sqlite',
  'database.sqlite-wal',
  'queue.sqlite-journal',
  'tenant_database_acme.sqlite',
  '',
  'other/x',
];

describe('an id', () => {
  test('that is none is refused: in the manifest, asked for, and as a slug', async () => {
    for (const id of IDS) {
      writeFileSync(archive, whole);
      await refused('E_TENANT_ID_INVALID', 'is not the id of a tenant', { id });
      await refused('E_TENANT_ID_INVALID', 'is not the slug of a tenant', { slug: id });
      await tamper(archive, (manifest) => void (manifest.tenant.id = id));
      await refused('E_TENANT_ID_INVALID', 'is not the id of a tenant');
      await refused('E_TENANT_ID_INVALID', 'is not the id of a tenant', { id: undefined });
    }
  });

  test.each([{ 0: 'acme' }, ['acme'], null, 7])('%j in the manifest is no text', async (id) => {
    await tamper(archive, (manifest) => void (manifest.tenant.id = id as never));
    await invalid('"tenant.id"');
  });

  test('other than the one in the files is refused', async () => {
    await tamper(archive, ({ tenant }) => void Object.assign(tenant, { id: 'globex', slug: 'it' }));
    await invalid('"database.sqlite" belongs to "acme", as its database, not to "globex"');
  });
});

test('a host name that is none is refused', async () => {
  await refused('E_TENANT_DOMAIN_INVALID', 'is no host name', { domains: ['a b'] });
  await tamper(archive, (manifest) => void (manifest.tenant['domains'] = ['a b']));
  await refused('E_TENANT_DOMAIN_INVALID', 'is no host name');
});

describe('a name', () => {
  test('that leads elsewhere, or is that of no part, is refused in the manifest', async () => {
    for (const name of NAMES) {
      writeFileSync(archive, whole);
      await tamper(archive, (manifest) => void manifest.parts.push(partOf(entryOf(name, 'text'))));
      await invalid('"parts.3.name": is no name of a part');
    }
  });

  test.each(['../x', 'files/..', 'files/../x', '/x', 'files', 'x'])(
    '%j of a folder is refused',
    async (name) => {
      await tamper(archive, (manifest) => void manifest.folders.push(name));
      await invalid('"folders.0": is no folder');
    },
  );

  test.each(['../escape', '/tmp/escape', 'files/../../escape', 'files/new', 'manifest.json'])(
    '%j that the manifest does not have is refused',
    async (name) => {
      await tamper(archive, (_manifest, entries) => [entryOf(name, 'text'), ...entries]);
      await invalid('is not in the manifest, or comes twice');
    },
  );

  test('that comes twice is refused', async () => {
    await tamper(archive, (_manifest, entries) => [...entries, entryOf('files/own.txt', 'own')]);
    await invalid('"files/own.txt" is not in the manifest, or comes twice');
    await tamper(archive, (manifest, entries) => {
      manifest.parts.push(partOf(entryOf('files/own.txt', 'own')));
      return entries;
    });
    await invalid('names a part twice');
  });

  test('of a file that is the folder of another one leaves nothing', async () => {
    await tamper(archive, (manifest, entries) => {
      const below = entryOf('files/own.txt/below', 'text');
      manifest.parts.push(partOf(below));
      return [...entries, below];
    });
    await refused('E_TENANT_ARCHIVE_FAILED', 'files/own.txt');
  });
});

describe('an entry', () => {
  const withEntry = (change: Partial<ArchiveEntry['header']>) =>
    tamper(archive, (_manifest, entries) =>
      entries.map((entry) =>
        entry.header.name === 'files/own.txt'
          ? { header: { ...entry.header, ...change }, data: Buffer.alloc(0) }
          : entry,
      ),
    );

  test.each(['symlink', 'link'] as const)('that is a %s is refused', async (type) => {
    await withEntry({ type, linkname: '/etc/passwd' });
    await invalid(`"files/own.txt" is no file but a ${type}`);
  });

  test.each(['directory', 'character-device', 'block-device', 'fifo', 'contiguous-file'] as const)(
    'that is a %s is refused',
    async (type) => {
      await withEntry({ type });
      await invalid(`"files/own.txt" is no file but a ${type}`);
    },
  );

  test('of another size is refused', async () => {
    await tamper(archive, (_manifest, entries) => [
      ...entries.slice(0, -1),
      entryOf('files/own.txt', 'longer'),
    ]);
    await invalid('"files/own.txt" has 6 bytes, not 3');
  });

  test('of the same size and another content is refused', async () => {
    await tamper(archive, (_manifest, entries) => [
      ...entries.slice(0, -1),
      entryOf('files/own.txt', 'owN'),
    ]);
    await invalid('"files/own.txt" has another SHA-256');
  });

  test('that is missing is missed', async () => {
    await tamper(archive, (_manifest, entries) => entries.slice(0, -1));
    await invalid('"files/own.txt" is not in it');
    await tamper(archive, () => []);
    await invalid('"database.sqlite" is not in it');
  });
});

describe('a manifest', () => {
  test('of another version says which one is read here', async () => {
    await tamper(archive, (manifest) => {
      manifest.version = 2;
      manifest['more'] = {};
    });
    await invalid('is of version 2; this Trilite reads version 1');
  });

  test.each<[string, unknown]>([
    ['format', 'other'],
    ['more', 1],
    ['parts', []],
    ['parts', 'all'],
    ['exportedAt', 'yesterday'],
    ['tenant', {}],
  ])('whose "%s" is %j is refused', async (key, value) => {
    await tamper(archive, (manifest) => void (manifest[key] = value));
    await invalid('The manifest of ');
  });

  test('that does not come first is refused', async () => {
    const [manifest, ...entries] = await readArchive(archive);
    if (manifest === undefined) throw new Error('Expected a manifest.');
    await writeArchive(archive, [...entries, manifest]);
    await invalid('it begins with "database.sqlite"');
    await writeArchive(archive, [entryOf('manifest.json', '{')]);
    await invalid('it is no JSON');
    await writeArchive(archive, []);
    await invalid('it is empty');
  });
});

describe('more than the manifest promises', () => {
  /** More than a manifest may have, of nothing: gzip makes some hundred kilobytes of it. */
  const zeros = Buffer.alloc(MANIFEST_BYTES + 8 * 1024 * 1024);

  test('after the last part is not read', async () => {
    const tar = await tarOf(await readArchive(archive));
    writeFileSync(archive, gzipped(Buffer.concat([tar, zeros])));
    await invalid('it holds more than that');
  });

  test('in place of a manifest is not read', async () => {
    await writeArchive(archive, [{ header: { name: 'manifest.json' }, data: zeros }]);
    await invalid('it begins with "manifest.json"');
    writeFileSync(archive, gzipped(zeros));
    await invalid(/it holds more than that|cannot be read/);
  });

  test('in a header is not read', async () => {
    const [manifest, ...entries] = await readArchive(archive);
    const pax = { comment: 'x'.repeat(5 * 1024 * 1024) };
    const header = { ...manifest?.header, name: 'manifest.json', pax };
    await writeArchive(archive, [{ header, data: manifest?.data ?? zeros }, ...entries]);
    await invalid('Header exceeds max size');
  });
});

test('more than fits on the disk is refused before it is unpacked', async () => {
  await tamper(archive, (manifest) => {
    const [part] = manifest.parts;
    if (part !== undefined) part.bytes = 2 ** 52;
  });
  await refused('E_TENANT_ARCHIVE_FULL', 'no room');
});

describe('what is damaged', () => {
  test.each([0, 1, 10, 500, 2000])('and ends after %d bytes is refused', async (length) => {
    writeFileSync(archive, readFileSync(archive).subarray(0, length));
    await invalid('');
  });

  test('and ends anywhere, or has a byte changed anywhere, is refused', async () => {
    for (let at = 20; at < whole.length; at += Math.ceil(whole.length / 12)) {
      writeFileSync(archive, whole.subarray(0, at));
      await invalid('');
      const changed = Buffer.from(whole);
      changed[at] = (changed[at] ?? 0) ^ 0xff;
      writeFileSync(archive, changed);
      await expect(take({ id: 'other' })).rejects.toMatchObject({
        code: 'E_TENANT_ARCHIVE_INVALID',
      });
      expect(onDisk()).toEqual(before);
    }
  });

  test.each(['database.sqlite', 'queue.sqlite'])('in "%s" is found', async (name) => {
    const spoil = (data: Buffer): Buffer => {
      const spoilt = Buffer.from(data);
      spoilt.fill(0xff, 4096, 8192);
      return spoilt;
    };
    await replace(name, spoil);
    await invalid(`"${name}" is damaged`);
    await replace(name, () => Buffer.alloc(0));
    await invalid(`"${name}" is damaged: The file is empty`);
    await replace(name, () => Buffer.from('no database'));
    await invalid(`"${name}" is damaged: The file is no SQLite database`);
  });

  test('no archive at all is told by its name', async () => {
    writeFileSync(archive, 'text');
    await invalid('cannot be read');
    archive = join(project.path, 'nowhere.tar.gz');
    await refused('E_TENANT_ARCHIVE_FAILED', 'There is no file');
    archive = storage();
    await refused('E_TENANT_ARCHIVE_FAILED', 'There is no file');
  });
});

describe('a database', () => {
  test('of nobody is refused', async () => {
    await replace('database.sqlite', (data) =>
      edited(data, (db) => db.exec('drop table tenant_stamp')),
    );
    await invalid('"database.sqlite" belongs to nobody');
  });

  test('in the place of another one is refused', async () => {
    const entries = await readArchive(archive);
    const data = entries.find(({ header }) => header.name === 'database.sqlite')?.data;
    await replace('queue.sqlite', () => data ?? Buffer.alloc(0));
    await invalid('"queue.sqlite" belongs to "acme", as its database');
  });
});

/** Puts another file into the archive, which its manifest agrees with. */
function replace(name: string, change: (data: Buffer) => Buffer): Promise<void> {
  return tamper(archive, (manifest, entries) => {
    const changed = entries.map((entry) =>
      entry.header.name === name ? { ...entry, data: change(entry.data) } : entry,
    );
    manifest.parts = changed.map(partOf);
    return changed;
  });
}

function edited(data: Buffer, change: (db: DatabaseFile.Database) => void): Buffer {
  const file = join(project.path, 'edited.sqlite');
  writeFileSync(file, data);
  const db = new DatabaseFile(file);
  db.pragma('journal_mode = delete');
  change(db);
  db.close();
  return readFileSync(file);
}
