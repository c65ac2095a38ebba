import { fork } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createCacheFile } from '../../helpers/damage';
import { createFiles, type TestFiles } from '../../helpers/files';

const SCRIPT = join(__dirname, '../../fixtures/cache-as-nobody.js');
const MISSED = [null, 'computed'];

let files: TestFiles;
let path: string;

beforeEach(async () => {
  files = createFiles();
  path = files.at('cache.sqlite');
  await createCacheFile(path);
  chmodSync(join(files.path, '..'), 0o755);
});

afterEach(async () => {
  chmodSync(files.path, 0o755);
  await files.close();
});

/** What becomes of a process that may do no more than the modes of file and folder say. */
async function useAsNobody(modes: { readonly folder: number; readonly file?: number }) {
  if (modes.file !== undefined) chmodSync(path, modes.file);
  chmodSync(files.path, modes.folder);
  const child = fork(SCRIPT, [path], { execArgv: [] });
  const [[told]] = (await Promise.all([once(child, 'message'), once(child, 'exit')])) as [
    [unknown],
    unknown,
  ];
  return told;
}

test('a cache file that may not be read is a miss, and named', async () => {
  expect(await useAsNobody({ folder: 0o755, file: 0o000 })).toEqual({
    values: MISSED,
    codes: ['E_DATABASE_PERMISSION'],
  });
  expect(readdirSync(files.path)).toEqual(['cache.sqlite']);
});

test('a folder that may not be looked into is a miss, and named', async () => {
  expect(await useAsNobody({ folder: 0o000 })).toEqual({
    values: MISSED,
    codes: ['E_DATABASE_PERMISSION'],
  });
});

test('a folder that may not be written is a miss, and named', async () => {
  expect(await useAsNobody({ folder: 0o555, file: 0o666 })).toEqual({
    values: MISSED,
    codes: ['E_DATABASE_PERMISSION'],
  });
});

test('a cache file that may only be read takes no caller down', async () => {
  expect(await useAsNobody({ folder: 0o777, file: 0o444 })).toEqual({
    values: MISSED,
    codes: ['E_DATABASE_READ_ONLY'],
  });
});

test('a missing or damaged file that may not be made anew takes no caller down', async () => {
  writeFileSync(path, 'damaged');
  expect(await useAsNobody({ folder: 0o555, file: 0o666 })).toEqual({
    values: MISSED,
    codes: expect.arrayContaining(['E_DATABASE_PERMISSION']),
  });
  chmodSync(files.path, 0o755);
  expect(readdirSync(files.path)).toEqual(['cache.sqlite']);
  rmSync(path);
  expect(await useAsNobody({ folder: 0o555 })).toEqual({
    values: MISSED,
    codes: expect.arrayContaining(['E_DATABASE_PERMISSION']),
  });
});

test('a folder that may not be looked into any more lets an open file go on', async () => {
  chmodSync(path, 0o666);
  chmodSync(files.path, 0o777);
  const child = fork(SCRIPT, [path, 'later'], { execArgv: [] });
  await once(child, 'message');
  chmodSync(files.path, 0o000);
  child.send('go on');
  const [[told]] = await Promise.all([once(child, 'message'), once(child, 'exit')]);
  expect(told).toEqual({ values: ['put', 'computed'], codes: [] });
});
