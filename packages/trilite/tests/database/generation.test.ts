import type { Connection } from '../../src/database/connection';
import {
  generationMigrations,
  readGeneration,
  renewGeneration,
} from '../../src/database/generation';
import { createTemporaryFile, type TemporaryFile } from '../helpers/temporary-file';

const files: TemporaryFile[] = [];

afterEach(async () => {
  for (const file of files.splice(0)) await file.close();
});

async function createFile(migrations = generationMigrations): Promise<Connection> {
  const file = await createTemporaryFile(migrations);
  files.push(file);
  return file.connection;
}

const read = (connection: Connection) => connection.read(readGeneration);

test('each file has a generation of its own, which stays', async () => {
  const first = await createFile();
  const second = await createFile();
  expect(await read(first)).toMatch(/^[0-9A-Z]{26}$/);
  expect(await read(first)).toBe(await read(first));
  expect(await read(second)).not.toBe(await read(first));
});

test('a new one takes the place of the old one', async () => {
  const connection = await createFile();
  const old = await read(connection);
  const renewed = await connection.write(renewGeneration);
  expect(renewed).not.toBe(old);
  expect(await read(connection)).toBe(renewed);
});

test('a row that somebody deleted comes back', async () => {
  const connection = await createFile();
  await connection.write((handle) => handle.exec('delete from file_generation'));
  expect(await read(connection)).toBeUndefined();
  const renewed = await connection.write(renewGeneration);
  expect(await read(connection)).toBe(renewed);
});

test('a second row is refused', async () => {
  const connection = await createFile();
  const insert = "insert into file_generation (id, generation) values (2, 'a')";
  await expect(connection.write((handle) => handle.exec(insert))).rejects.toThrow('CHECK');
});

test('a file without the table has none, and is not written to', async () => {
  const connection = await createFile([]);
  const changes = (): Promise<unknown> =>
    connection.read((handle) => handle.statement('select total_changes()').get());
  const before = await changes();
  expect(await read(connection)).toBeUndefined();
  expect(await connection.write(renewGeneration)).toBeUndefined();
  expect(await changes()).toEqual(before);
  const tables = "select name from sqlite_schema where name = 'file_generation'";
  expect(await connection.read((handle) => handle.statement(tables).all())).toEqual([]);
});
