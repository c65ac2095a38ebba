import { truncateSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { defineRoutes, HttpServer, sendFile } from 'trilite';
import { createTestApplication } from 'trilite/testing';
import { createProject, exportDefault } from '../helpers/project';

const BYTES = 30_000_000;

test.each([
  ['of public/', '/big.txt', 'public/big.txt'],
  ['that an action sends', '/api/big', 'files/big.txt'],
])('a file %s which is cut while it is sent ends the connection', async (_what, url, path) => {
  const project = createProject({
    'config/app.js': exportDefault('{}'),
    [path]: 'a'.repeat(BYTES),
  });
  const root = join(project.path, 'files');
  const routes = defineRoutes((route) =>
    route.get('/api/big', () => sendFile('big.txt', { root })),
  );
  const app = await createTestApplication({ basePath: project.path, routes });
  const server = new HttpServer(app.http().handler);
  const { port } = new URL(await server.start({ host: '127.0.0.1', port: 0 }));
  let bytes = 0;
  let isFirst = true;
  await new Promise<void>((resolve) => {
    const socket = connect(Number(port), '127.0.0.1');
    socket.on('error', () => undefined).on('close', () => resolve());
    socket.on('data', (chunk) => {
      bytes += chunk.length;
      if (isFirst) truncateSync(join(project.path, path), 1000);
      isFirst = false;
    });
    socket.write(`GET ${url} HTTP/1.1\r\nHost: localhost\r\n\r\n`);
  });
  expect(bytes).toBeGreaterThan(0);
  expect(bytes).toBeLessThan(BYTES);
  await server.stop(0);
  await app.close();
  project.remove();
});
