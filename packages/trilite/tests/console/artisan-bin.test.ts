import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createProject, type TestProject } from '../helpers/project';

const BIN = join(__dirname, '../../bin/artisan.js');
const DIST = join(__dirname, '../../dist');
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

describe('the output of a command', () => {
  const start = (command: string): ChildProcess => {
    project = createProject({
      'app/console/commands/commands.js': `
        const { defineSignature } = require(${JSON.stringify(DIST)});
        exports.Long = class {
          static signature = defineSignature({ name: 'app:long', description: 'Says much' });
          handle({ output }) { output.json('x'.repeat(2_000_000)); }
        };
        exports.Stuck = class {
          static signature = defineSignature({ name: 'app:stuck', description: 'Never ends' });
          handle() { return new Promise(() => undefined); }
        };`,
      'artisan.js': `require(${JSON.stringify(`${DIST}/artisan`)}).runArtisan(__dirname);`,
    });
    return spawn(process.execPath, ['artisan.js', command], { cwd: project.path });
  };

  test('is whole when it goes into a pipe', async () => {
    const child = start('app:long');
    const pieces: Buffer[] = [];
    child.stdout?.on('data', (piece: Buffer) => pieces.push(piece));
    await once(child, 'close');
    expect(JSON.parse(Buffer.concat(pieces).toString())).toHaveLength(2_000_000);
  });

  test('says so when a command awaits what never comes, and the exit code is 1', async () => {
    const child = start('app:stuck');
    let errors = '';
    child.stderr?.on('data', (piece: Buffer) => (errors += piece.toString()));
    const [code] = (await once(child, 'close')) as [number];
    expect(code).toBe(1);
    expect(errors).toContain('The command did not end');
  });
});
