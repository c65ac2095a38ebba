import { renameSync } from 'node:fs';
import BetterSqlite3 from 'better-sqlite3';
import { Connection } from '../../src/database/connection';
import { createTemporaryFile, type TemporaryFile } from '../helpers/temporary-file';

let file: TemporaryFile;

beforeEach(async () => {
  file = await createTemporaryFile([]);
});

afterEach(() => file.close());

test.each([
  [
    'writes to',
    (on: Connection) => on.write((handle) => handle.exec('insert into told values (2)')),
  ],
  ['reads', (on: Connection) => on.read(() => undefined)],
])(
  'whoever %s a file that a restore replaces while it is opened has the new one',
  async (_, use) => {
    const { file: path, settings } = file.connection;
    await file.connection.close(); // nobody has it open
    const restored = new BetterSqlite3(`${path}.new`);
    restored.exec('create table told (id integer); insert into told values (1)');
    restored.close();
    const replace = jest.fn(() => renameSync(`${path}.new`, path));
    const connection = new Connection('here', {
      ...settings,
      // Read between the opening of the file and the end of it
      get cacheSize() {
        if (replace.mock.calls.length === 0) replace();
        return settings.cacheSize;
      },
    });
    await use(connection);
    const ids = await connection.read((handle) =>
      handle.statement('select id from told').pluck().all(),
    );
    await connection.close();
    expect(ids[0]).toBe(1);
    const now = new BetterSqlite3(path);
    expect(now.prepare('select id from told').pluck().all()).toEqual(ids);
    expect(now.pragma('integrity_check', { simple: true })).toBe('ok');
    now.close();
  },
);
