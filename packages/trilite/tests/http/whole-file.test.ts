import { truncateSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { defineRoutes, HttpServer, sendFile } from 'trilite';
import { createTestApplication } from 'trilite/testing';
import { keepLines } from '../helpers/log-lines';
import { createProject, exportDefault } from '../helpers/project';

const BYTES = 30_000_000;

const PLACES = [
  ['of public/', '/big.txt', 'public/big.txt'],
  ['that an action sends', '/api/big', 'files/big.txt'],
] as const;

/**
 * Asks for a large file, and lets something happen once a part of it is there.
 *
 * @param path of the file within the application
 * @returns the bytes that came until the connection ended, and the faults that were logged
 */
async function ask(url: string, path: string, happens: (file: string, socket: Socket) => void) {
  const project = createProject({
    'config/app.js': exportDefault('{}'),
    [path]: 'a'.repeat(BYTES),
  });
  const root = join(project.path, 'files');
  const routes = defineRoutes((route) =>
    route.get('/api/big', () => sendFile('big.txt', { root })),
  );
  const app = await createTestApplication({ basePath: project.path, routes });
  const faults = keepLines(app, 'error');
  const server = new HttpServer(app.http().handler);
  const { port } = new URL(await server.start({ host: '127.0.0.1', port: 0 }));
  let bytes = 0;
  await new Promise<void>((resolve) => {
    const socket = connect(Number(port), '127.0.0.1');
    socket.on('error', () => undefined).on('close', () => resolve());
    socket.once('data', () => happens(join(project.path, path), socket));
    socket.on('data', (chunk) => (bytes += chunk.length));
    socket.write(`GET ${url} HTTP/1.1\r\nHost: localhost\r\n\r\n`);
  });
  await server.stop(10_000);
  await app.close();
  project.remove();
  return { bytes, faults: faults.map(({ message }) => message) };
}

test.each(PLACES)(
  'a file %s which is cut while it is sent ends the connection',
  async (_what, url, path) => {
    const { bytes } = await ask(url, path, (file) => truncateSync(file, 1000));
    expect(bytes).toBeGreaterThan(0);
    expect(bytes).toBeLessThan(BYTES);
  },
);

test('the log says which file of an action was cut', async () => {
  const { faults } = await ask('/api/big', 'files/big.txt', (file) => truncateSync(file, 1000));
  expect(faults).toEqual([expect.stringMatching(/files\/big\.txt" became shorter/)]);
});

test.each(PLACES)('who leaves while a file %s is sent is no fault', async (_what, url, path) => {
  const { bytes, faults } = await ask(url, path, (_file, socket) => socket.resetAndDestroy());
  expect(bytes).toBeLessThan(BYTES);
  expect(faults).toEqual([]);
});
