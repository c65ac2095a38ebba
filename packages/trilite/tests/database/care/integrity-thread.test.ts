import { readFileSync, statSync, writeFileSync } from 'node:fs';
import Database from 'better-sqlite3';
import { verifyCopy } from '../../../src/database/care/integrity-thread';
import { createFiles, type TestFiles } from '../../helpers/files';

let files: TestFiles;
let file: string;

beforeEach(() => {
  files = createFiles();
  file = files.at('default.sqlite');
});

afterEach(() => files.close());

function writeRows(count: number): void {
  const db = new Database(file);
  db.exec('create table rows (bytes blob)');
  const insert = db.prepare('insert into rows (bytes) values (zeroblob(3500))');
  db.transaction(() => {
    for (let row = 0; row < count; row += 1) insert.run();
  })();
  db.close();
}

const verify = () => verifyCopy({ name: 'default', file }, files.connections.connection().settings);

describe.each([
  ['small', 20, 4096 * 20, false],
  ['large', 100, 4096 * 100, true],
] as const)('a %s file', (_, rows, bytes, inThread) => {
  beforeEach(() => writeRows(rows));

  test('is verified to its last page', async () => {
    expect(statSync(file).size).toBeGreaterThan(bytes);
    expect(await verify()).toEqual({ problems: [], violations: [] });
    const damaged = readFileSync(file);
    writeFileSync(file, damaged.fill(0xff, 4096 * (rows - 2)));
    expect(await verify()).toEqual({
      problems: expect.arrayContaining([expect.any(String)]) as unknown,
      violations: [],
    });
  });

  test(`is verified ${inThread ? 'in a thread' : 'at once'}`, async () => {
    let hasTurned = false;
    setImmediate(() => (hasTurned = true));
    await verify();
    expect(hasTurned).toBe(inThread);
  });
});

test('a file that is not there is told of', async () => {
  await expect(verify()).rejects.toMatchObject({ code: 'ENOENT' });
});
