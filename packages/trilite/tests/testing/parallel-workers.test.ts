import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, symlinkSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { createProject, type TestProject } from '../helpers/project';

/* Two jest workers of one project, both in the middle of their test at the same moment: each waits for the other one's word. */

const DIST = join(__dirname, '../../dist');
let project: TestProject;

afterEach(() => project.remove());

const testOf = (own: string, other: string): string => `
  const { writeFileSync, existsSync } = require('node:fs');
  const { once } = require('node:events');
  const { watch } = require('node:fs');
  const { createTestApplication } = require(${JSON.stringify(`${DIST}/testing`)});
  const { HttpServer } = require(${JSON.stringify(DIST)});

  test('${own}', async () => {
    const app = await createTestApplication({ basePath: ${JSON.stringify('PATH')} });
    const server = new HttpServer(app.http().handler);
    await server.start(app.config.app.http);
    await app.cache().put('whose', '${own}');
    await app.locks.lock('one', '1h').get();
    const watcher = watch(app.basePath + '/words');
    writeFileSync(app.basePath + '/words/${own}.json', JSON.stringify({ storage: app.storagePath, pid: process.pid }));
    while (!existsSync(app.basePath + '/words/${other}.json')) await once(watcher, 'change');
    watcher.close();
    expect(await app.cache().get('whose')).toBe('${own}');
    await app.assertDatabaseCount('cache_entries', 1, { connection: 'cache' });
    await server.stop(0);
    await app.close();
  }, 30000);`;

test('two workers of one project share no storage, no port and no lock', () => {
  project = createProject({
    'config/app.js': `exports.default = { http: { port: require(${JSON.stringify(DIST)}).defineEnv().PORT } };`,
    'jest.config.js':
      "module.exports = { testMatch: ['<rootDir>/tests/*.test.js'], transform: {} };",
  });
  const write = (own: string, other: string): void =>
    project.write(`tests/${own}.test.js`, testOf(own, other).replace('PATH', project.path));
  write('left', 'right');
  write('right', 'left');
  mkdirSync(join(project.path, 'words'));
  mkdirSync(join(project.path, 'node_modules'));
  symlinkSync(
    dirname(require.resolve('jest/package.json')),
    join(project.path, 'node_modules/jest'),
  );
  const jest = require.resolve('jest/bin/jest');
  const { status, stderr } = spawnSync(process.execPath, [jest, '--maxWorkers=2', '--no-cache'], {
    cwd: project.path,
    encoding: 'utf8',
    timeout: 60_000,
  });
  expect(stderr).toContain('2 passed, 2 total');
  expect(status).toBe(0);
  const wordOf = (name: string): { storage: string; pid: number } =>
    JSON.parse(readFileSync(join(project.path, `words/${name}.json`), 'utf8')) as never;
  const [left, right] = [wordOf('left'), wordOf('right')];
  expect(left.pid).not.toBe(right.pid);
  expect(dirname(left.storage)).not.toBe(dirname(right.storage));
}, 90_000);
