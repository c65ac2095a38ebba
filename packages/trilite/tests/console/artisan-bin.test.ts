import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { createProject, type TestProject } from '../helpers/project';

const BIN = join(__dirname, '../../bin/artisan.js');
let project: TestProject;

afterEach(() => project.remove());

function artisan(files: Record<string, string>) {
  project = createProject(files);
  return spawnSync(process.execPath, [BIN, 'list'], { cwd: project.path, encoding: 'utf8' });
}

const tsNode = { 'node_modules/ts-node/index.js': 'exports.register = () => {};' };

test('TypeScript 7, which ts-node cannot run, is answered with what to install', () => {
  const { status, stderr } = artisan({
    ...tsNode,
    'artisan.ts': '',
    'node_modules/typescript/package.json': '{ "version": "7.0.2" }',
  });
  expect(status).toBe(1);
  expect(stderr).toContain('npm install --save-dev typescript@~6.0.3');
});

test('artisan.ts is run where ts-node is installed', () => {
  const { stdout } = artisan({
    ...tsNode,
    'artisan.ts': "console.log('from source');",
    'dist/artisan.js': "console.log('built');",
    'node_modules/typescript/package.json': '{ "version": "6.0.3" }',
  });
  expect(stdout).toBe('from source\n');
});

test('dist/artisan.js is run where it is not', () => {
  const files = { 'artisan.ts': '', 'dist/artisan.js': "console.log('built');" };
  expect(artisan(files).stdout).toBe('built\n');
});

test('a folder without either is told so', () => {
  const { status, stderr } = artisan({});
  expect(status).toBe(1);
  expect(stderr).toContain('There is no artisan.ts');
});
