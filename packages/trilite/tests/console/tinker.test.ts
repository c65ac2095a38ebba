import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync, statSync, symlinkSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { artisan } from '../helpers/artisan';
import { ARTISAN_FILE } from '../helpers/artisan-process';
import { createProject, exportDefault, type TestProject } from '../helpers/project';
import { Terminal } from '../helpers/terminal';

const PACKAGE = join(__dirname, '../..');
const TYPESCRIPT = dirname(require.resolve('typescript/package.json'));
let project: TestProject;

beforeEach(async () => {
  project = createProject({
    'artisan.js': ARTISAN_FILE,
    'app/jobs/count-words.js': 'exports.CountWords = class CountWords { async handle() {} };',
    'config/tenancy.js': exportDefault("{ mode: 'files' }"),
  });
  mkdirSync(join(project.path, 'node_modules'));
  mkdirSync(join(project.path, 'home'));
  symlinkSync(PACKAGE, join(project.path, 'node_modules/trilite'));
  symlinkSync(TYPESCRIPT, join(project.path, 'node_modules/typescript'));
  await artisan(project, 'migrate');
});

afterEach(() => project.remove());

function tinker(parameters: readonly string[], input = '') {
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    ['artisan.js', 'tinker', ...parameters],
    {
      cwd: project.path,
      input,
      encoding: 'utf8',
      timeout: 20_000,
      env: { ...process.env, NO_COLOR: '1' },
    },
  );
  return { status, stdout, stderr };
}

const evaluated = (code: string): string => {
  const { stdout, stderr } = tinker([`--execute=${code}`]);
  if (stderr !== '') throw new Error(stderr);
  return stdout;
};

const open = (line = ''): Terminal =>
  new Terminal(project, `"${process.execPath}" artisan.js tinker ${line}`, {
    HOME: join(project.path, 'home'),
  });

/** Something, and the next prompt after it, where the cursor is put behind two columns. */
const prompted = (text: string): RegExp => new RegExp(`${text}[^]*?> .\\[3G`);

describe('one text', () => {
  test.each([
    [
      'const n: number = await Promise.resolve(4); ({ n, at: new Date(0) })',
      '{ n: 4, at: 1970-01-01T00:00:00.000Z }',
    ],
    ['Promise.resolve("awaited")', "'awaited'"],
    ['import { CountWords } from "./app/jobs/count-words"; CountWords.name', "'CountWords'"],
    [
      '[CountWords.name, isTenantId("acme"), app.config.app.env]',
      "[ 'CountWords', true, 'production' ]",
    ],
    [
      'await app.cache().put("a", new Date(0)); (await app.cache().get("a")) instanceof Date',
      'true',
    ],
  ])('%j is %s', (code, shown) => {
    expect(evaluated(code)).toBe(`${shown}\n`);
  });

  test('nothing is printed of a text that comes to nothing', () => {
    expect(evaluated('const a = 1')).toBe('');
  });

  test('is read from standard input where there is no terminal', () => {
    const { status, stdout } = tinker(
      [],
      'function twice(n: number): number {\n  return n * 2;\n}\ntwice(21)\n',
    );
    expect({ status, stdout }).toEqual({ status: 0, stdout: '42\n' });
  });

  test('what it writes is there afterwards, though it waits for nothing', () => {
    expect(evaluated('app.cache().put("late", 1); undefined')).toBe('');
    expect(evaluated('app.cache().get("late")')).toBe('1\n');
  });

  test.each([
    ['what it throws', 'throw new Error("out of paper")', 'out of paper'],
    ['what it rejects with', 'await Promise.reject(new Error("out of paper"))', 'out of paper'],
    ['a promise that rejects', 'Promise.reject(new Error("out of paper"))', 'out of paper'],
    ['what is no TypeScript', 'const a: = 3', 'Type expected'],
    ['what has no end', 'const a = {', "'}' expected"],
    ['an error of the framework, with what to do', 'app.cache("none")', 'E_CACHE_STORE_UNKNOWN'],
  ])('%s is the command’s error', (_, code, message) => {
    const { status, stdout, stderr } = tinker([`--execute=${code}`]);
    expect({ status, stdout }).toEqual({ status: 1, stdout: '' });
    expect(stderr).toContain(message);
  });

  test('without TypeScript it is JavaScript', () => {
    rmSync(join(project.path, 'node_modules/typescript'));
    expect(evaluated('await Promise.resolve(3)')).toBe('3\n');
    expect(tinker(['--execute=const n: number = 3']).stderr).toContain(
      'What is typed here is JavaScript: the package "typescript" is not installed.',
    );
  });
});

describe('--tenant', () => {
  beforeEach(async () => {
    for (const id of ['acme', 'globex']) await artisan(project, `tenants:create ${id}`);
  });

  test('evaluates in the work of the tenant', async () => {
    tinker(['--tenant=acme', '--execute=await app.cache().put("a", "ours")']);
    const asked = 'app.tenancy.current()?.id + ":" + await app.cache().get("a")';
    expect(tinker(['--tenant=acme', `--execute=${asked}`]).stdout).toBe("'acme:ours'\n");
    expect(tinker(['--tenant=globex', `--execute=${asked}`]).stdout).toBe("'globex:undefined'\n");
    expect(evaluated(asked)).toBe("'undefined:undefined'\n");
  });

  test('of one that nobody has is refused before anything is evaluated', () => {
    const { status, stderr } = tinker(['--tenant=nobody', '--execute=console.log("ran")']);
    expect(status).toBe(1);
    expect(stderr).toContain('E_TENANT_NOT_FOUND');
  });

  test('holds for each line, those after a fault too', async () => {
    const terminal = open('--tenant=acme');
    await terminal.shows(prompted('production, tenant acme\\): TypeScript'));
    terminal.type('throw new Error("a fault")\r');
    await terminal.shows(prompted('Uncaught Error: a fault'));
    terminal.type('await null; app.tenancy.current().id\r');
    await terminal.shows(prompted("'acme'"));
    terminal.type('\x04');
    expect(await terminal.end()).toBe(0);
  });
});

describe('with a terminal', () => {
  test('lines are evaluated and remembered, and Ctrl-D writes what is not written yet', async () => {
    const terminal = open();
    await terminal.shows(prompted('Trilite '));
    terminal.type('function count(list: string[]) {\r');
    await terminal.shows(/\.\.\. /);
    terminal.type('return list.length }\r');
    await terminal.shows(prompted('list.length }'));
    terminal.type('app.cache().put("count", count(["a"])); undefined\r');
    await terminal.shows(prompted('; undefined'));
    terminal.type('\x04');
    expect(await terminal.end()).toBe(0);
    expect(evaluated('app.cache().get("count")')).toBe('1\n');
    const history = join(project.path, 'home/.trilite_history');
    expect(readFileSync(history, 'utf8')).toContain('app.cache().put("count"');
    expect(statSync(history).mode & 0o777).toBe(0o600);
  });

  test('Ctrl-C gives a line up, and what is being waited for', async () => {
    const terminal = open();
    await terminal.shows(prompted('Trilite '));
    terminal.type('const unfinished = \x03');
    await terminal.shows(prompted('unfinished'));
    // Said once it waits: while a line runs, Node takes Ctrl-C for an end of that run alone
    terminal.type('setImmediate(() => console.log("wai" + "ting")); await new Promise(() => 0)\r');
    await terminal.shows(/waiting/);
    terminal.type('\x03');
    await terminal.shows(prompted('interrupted'));
    terminal.type('21 * 2\r');
    await terminal.shows(prompted('42'));
    terminal.type('exit\r');
    expect(await terminal.end()).toBe(0);
  });
});

test('without a terminal and without code it says how to give some', () => {
  const terminal = new Terminal(
    project,
    `"${process.execPath}" artisan.js tinker --no-interaction`,
  );
  return Promise.all([terminal.shows(/E_COMMAND_USAGE/), terminal.end()]);
});

test('nothing is kept of a text that was not typed', () => {
  evaluated('1');
  expect(existsSync(join(project.path, 'home/.trilite_history'))).toBe(false);
});
