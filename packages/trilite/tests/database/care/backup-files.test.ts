import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  findBackup,
  freeBackupPath,
  listBackups,
  parseBackupName,
} from '../../../src/database/care/backup-files';
import { errorWith } from '../../helpers/errors';
import { createFiles, type TestFiles } from '../../helpers/files';

let files: TestFiles;

beforeEach(() => {
  files = createFiles();
  mkdirSync(files.backups);
});

afterEach(() => files.close());

const put = (...names: readonly string[]): void => {
  for (const name of names) writeFileSync(join(files.backups, name), 'backup');
};

test('a name tells the connection and the moment, to the millisecond', () => {
  const at = Date.UTC(2026, 1, 3, 4, 5, 6, 7);
  const path = freeBackupPath(files.backups, 'app-2_b', at);
  expect(path).toBe(join(files.backups, 'app-2_b-20260203T040506007Z.sqlite'));
  expect(parseBackupName(path)).toEqual({ connection: 'app-2_b', madeAt: at });
});

test('a name that is taken is not given again', () => {
  put('default-20260203T040506007Z.sqlite');
  expect(freeBackupPath(files.backups, 'default', Date.UTC(2026, 1, 3, 4, 5, 6, 7))).toBe(
    join(files.backups, 'default-20260203T040506008Z.sqlite'),
  );
});

test.each([
  'default.sqlite',
  'default-2026-02-03.sqlite',
  'default-20260231T040506007Z.sqlite',
  '-20260203T040506007Z.sqlite',
  'default-20260203T040506007Z.sqlite-wal',
  '.default-20260203T040506007Z.sqlite.12.partial',
])('"%s" is no name of a backup', (name) => {
  expect(parseBackupName(name)).toBeUndefined();
  put(name);
  expect(listBackups(files.backups)).toEqual([]);
});

test('backups are listed newest first, of one connection or of all', () => {
  put('a-20260203T040506007Z.sqlite', 'a-20260303T040506007Z.sqlite');
  put('a-b-20260213T040506007Z.sqlite');
  mkdirSync(join(files.backups, 'a-20270203T040506007Z.sqlite'));
  expect(listBackups(files.backups).map(({ name }) => name)).toEqual([
    'a-20260303T040506007Z.sqlite',
    'a-b-20260213T040506007Z.sqlite',
    'a-20260203T040506007Z.sqlite',
  ]);
  expect(listBackups(files.backups, 'a')).toHaveLength(2);
  expect(listBackups(files.at('missing'))).toEqual([]);
});

test('a backup is found by its name, by a path below the folder, and by any other path', () => {
  put('a-20260203T040506007Z.sqlite', `it's "odd" & $HOME.sqlite`);
  mkdirSync(join(files.backups, 'replaced'));
  put('replaced/b.sqlite');
  writeFileSync(files.at('c d.sqlite'), '');
  const { backups } = files;
  const find = (given: string): string => findBackup(backups, given);
  expect(readdirSync(backups)).toContain('replaced');
  expect(find('a-20260203T040506007Z.sqlite')).toBe(join(backups, 'a-20260203T040506007Z.sqlite'));
  expect(find(`it's "odd" & $HOME.sqlite`)).toBe(join(backups, `it's "odd" & $HOME.sqlite`));
  expect(find('replaced/b.sqlite')).toBe(join(backups, 'replaced/b.sqlite'));
  expect(find('../c d.sqlite')).toBe(files.at('c d.sqlite'));
  expect(find(`${backups}/../c d.sqlite`)).toBe(files.at('c d.sqlite'));
});

test.each(['nothing', '', '.', '..', 'replaced', '/dev/null', '/'])(
  '"%s" is no backup',
  (given) => {
    mkdirSync(join(files.backups, 'replaced'));
    expect(() => findBackup(files.backups, given)).toThrow(errorWith('E_BACKUP_UNKNOWN'));
  },
);
