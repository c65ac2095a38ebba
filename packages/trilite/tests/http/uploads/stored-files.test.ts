import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { UploadedFile } from '../../../src/http/uploads/uploaded-file';

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'trilite-stored-'));
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

function fileOf(content: string): UploadedFile {
  const path = join(folder, 'upload-1');
  writeFileSync(path, content);
  return new UploadedFile({
    field: 'report',
    name: 'report.csv',
    type: 'text/csv',
    extension: 'csv',
    bytes: content.length,
    path,
    root: join(folder, 'files'),
  });
}

const read = (...names: string[]): string => readFileSync(join(folder, ...names), 'utf8');

test('a relative folder lies below the files, an absolute one where it says', async () => {
  const file = fileOf('a');
  expect(await file.storeAs('reports/2026', 'may.csv')).toBe('reports/2026/may.csv');
  expect(read('files', 'reports/2026/may.csv')).toBe('a');
  expect(file.path).toBe(join(folder, 'files/reports/2026/may.csv'));
  const absolute = join(folder, 'elsewhere');
  expect(await fileOf('b').storeAs(absolute, 'b.csv')).toBe(join(absolute, 'b.csv'));
  expect(existsSync(join(folder, 'upload-1'))).toBe(false);
});

test.each(['..', '../other', 'a/../../other', './../x', 'a\0b'])(
  'a folder %j that leads out of the files is refused',
  async (place) => {
    await expect(fileOf('a').storeAs(place, 'a.csv')).rejects.toMatchObject({
      code: 'E_UPLOAD_PLACE',
    });
  },
);

test('a link among the files that leads out of them is refused, and none for all files', async () => {
  mkdirSync(join(folder, 'disk'));
  symlinkSync(join(folder, 'disk'), join(folder, 'files'));
  mkdirSync(join(folder, 'outside'));
  symlinkSync(join(folder, 'outside'), join(folder, 'disk/out'));
  const file = fileOf('a');
  await expect(file.storeAs('out', 'a.csv')).rejects.toMatchObject({ code: 'E_UPLOAD_PLACE' });
  expect(readdirSync(join(folder, 'outside'))).toEqual([]);
  await file.storeAs('in', 'a.csv');
  expect(read('disk/in/a.csv')).toBe('a');
});

test.each([
  '',
  '.',
  '..',
  '../a',
  'a/b',
  'a\\b',
  '/etc/passwd',
  'a\0.csv',
  'nul',
  'a.csv ',
  '.env',
  'a:b',
  'x'.repeat(256),
])('a name %j that is not one file in its folder is refused', async (name) => {
  const file = fileOf('a');
  await expect(file.storeAs('reports', name)).rejects.toMatchObject({ code: 'E_UPLOAD_PLACE' });
  expect(existsSync(join(folder, 'files'))).toBe(false);
});

test('a file of the same name is not replaced, unless asked', async () => {
  await fileOf('first').storeAs('reports', 'a.csv');
  const second = fileOf('second');
  await expect(second.storeAs('reports', 'a.csv')).rejects.toThrow(/There is a file ".*a\.csv"/);
  expect(read('files', 'reports/a.csv')).toBe('first');
  await second.storeAs('reports', 'a.csv', { overwrite: true });
  expect(read('files', 'reports/a.csv')).toBe('second');
});

test('of two who store under one name at once, one does', async () => {
  const [one, other] = [fileOf('one'), fileOf('one')];
  const results = await Promise.allSettled([
    one.storeAs('r', 'a.csv'),
    other.storeAs('r', 'a.csv'),
  ]);
  expect(results.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
});

test('it is stored once, and is not removed then', async () => {
  const file = fileOf('a');
  await file.store('reports');
  await expect(file.store('reports')).rejects.toThrow(/stored already/);
  await file.discard();
  expect(readFileSync(file.path, 'utf8')).toBe('a');
});

test('what is over can be neither read nor stored', async () => {
  const file = fileOf('a');
  await file.discard();
  expect(() => file.stream()).toThrow(/not there any more/);
  await expect(file.store('reports')).rejects.toThrow(/not there any more/);
});

test('its bytes can be read from where it is', async () => {
  const file = fileOf('abc');
  const chunks: Buffer[] = [];
  for await (const chunk of file.stream()) chunks.push(chunk as Buffer);
  expect(Buffer.concat(chunks).toString()).toBe('abc');
});

const otherDisk = '/dev/shm';

(existsSync(otherDisk) ? test : test.skip)('on another disk it is whole or not there', async () => {
  const target = mkdtempSync(join(otherDisk, 'trilite-stored-'));
  try {
    const file = fileOf('a');
    await file.storeAs(target, 'a.csv');
    const taken = fileOf('b');
    await expect(taken.storeAs(target, 'a.csv')).rejects.toMatchObject({ code: 'E_UPLOAD_FAILED' });
    expect(readdirSync(target)).toEqual(['a.csv']);
    expect(readFileSync(file.path, 'utf8')).toBe('a');
    expect(readFileSync(taken.path, 'utf8')).toBe('b');
  } finally {
    rmSync(target, { recursive: true });
  }
});
