import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, statSync, symlinkSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { artisan } from '../helpers/artisan';
import { ARTISAN_FILE } from '../helpers/artisan-process';
import { createProject, exportDefault, type TestProject } from '../helpers/project';
import { Terminal } from '../helpers/terminal';

/*
 * Node's REPL evaluates in the global scope of its process, which in a test of jest is another one than the test's: a process of its own evaluates
 * the texts of all tests, each as the command line that it is.
 */

const PACKAGE = join(__dirname, '../..');
const TYPESCRIPT = dirname(require.resolve('typescript/package.json'));

interface Outcome {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

let project: TestProject;
/** Another one, where TypeScript is not installed. */
let plain: TestProject;
const lines: { readonly of: () => TestProject; readonly words: readonly string[] }[] = [];
let outcomes: readonly Outcome[];

beforeAll(async () => {
  [project, plain] = [newProject(), newProject()];
  symlinkSync(TYPESCRIPT, join(project.path, 'node_modules/typescript'));
  for (const one of [project, plain]) await artisan(one, 'migrate');
  for (const id of ['acme', 'globex']) await artisan(project, `tenants:create ${id}`);
  outcomes = runLines();
});

afterAll(() => {
  project.remove();
  plain.remove();
});

function newProject(): TestProject {
  const created = createProject({
    'artisan.js': ARTISAN_FILE,
    'app/jobs/count-words.js': 'exports.CountWords = class CountWords { async handle() {} };',
    'config/tenancy.js': exportDefault("{ mode: 'files' }"),
  });
  mkdirSync(join(created.path, 'node_modules'));
  mkdirSync(join(created.path, 'home'));
  symlinkSync(PACKAGE, join(created.path, 'node_modules/trilite'));
  return created;
}

/** Has a text evaluated, after those that were asked for before it. @returns what gives what it came to */
function evaluation(
  code: string,
  { options = [], of = () => project }: { options?: string[]; of?: () => TestProject } = {},
): () => Outcome {
  const index = lines.push({ of, words: ['tinker', ...options, `--execute=${code}`] }) - 1;
  return () => {
    const outcome = outcomes[index];
    if (outcome === undefined) throw new Error(`The process ended before "${code}".`);
    return outcome;
  };
}

const printed = (text: string): Outcome => ({ status: 0, stdout: text, stderr: '' });

function runLines(): Outcome[] {
  const words = lines.map((line) => [line.of().path, line.words]);
  const { stdout, stderr, output } = node([
    join(__dirname, '../fixtures/command-lines.js'),
    JSON.stringify(words),
  ]);
  // What they print is among what they came to
  if (stdout + stderr !== '') throw new Error(stdout + stderr);
  const told = output[3]?.split('\n').filter((line) => line !== '') ?? [];
  return told.map((line) => JSON.parse(line) as Outcome);
}

function node(parameters: readonly string[], input = '') {
  return spawnSync(process.execPath, parameters, {
    cwd: project.path,
    input,
    encoding: 'utf8',
    timeout: 60_000,
    stdio: ['pipe', 'pipe', 'pipe', 'pipe'],
    env: { ...process.env, NO_COLOR: '1', HOME: join(project.path, 'home') },
  });
}

/** Runs the command in a process of its own. */
function tinker(parameters: readonly string[], input?: string): Outcome {
  const { status, stdout, stderr } = node(['artisan.js', 'tinker', ...parameters], input);
  return { status, stdout, stderr };
}

const history = (): string => join(project.path, 'home/.trilite_history');

let terminals: Terminal[] = [];

function open(line = ''): Terminal {
  const terminal = new Terminal(project, `"${process.execPath}" artisan.js tinker ${line}`, {
    HOME: join(project.path, 'home'),
  });
  terminals.push(terminal);
  return terminal;
}

/** Something, and the next prompt after it, where the cursor is put behind two columns. */
const prompted = (text: string): RegExp => new RegExp(`${text}[^]*?> .\\[3G`);

describe('one text', () => {
  describe.each([
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
  ])('%j', (code, shown) => {
    const outcome = evaluation(code);
    test(`is ${shown}`, () => expect(outcome()).toEqual(printed(`${shown}\n`)));
  });

  const nothing = evaluation('const a = 1');
  test('nothing is printed of a text that comes to nothing', () => {
    expect(nothing()).toEqual(printed(''));
  });

  test('is read from standard input where there is no terminal', () => {
    const text = 'function twice(n: number): number {\n  return n * 2;\n}\ntwice(21)\n';
    expect(tinker([], text)).toEqual(printed('42\n'));
  });

  test('what it writes is there afterwards, though it waits for nothing', async () => {
    const code = 'app.cache().put("late", "written"); undefined';
    expect(tinker([`--execute=${code}`])).toEqual(printed(''));
    expect((await artisan(project, 'cache:get late')).out).toContain('written');
  });

  describe.each([
    ['what it throws', 'throw new Error("out of paper")', 'out of paper'],
    ['what it rejects with', 'await Promise.reject(new Error("out of paper"))', 'out of paper'],
    ['a promise that rejects', 'Promise.reject(new Error("out of paper"))', 'out of paper'],
    [
      'a promise that nobody awaits',
      'Promise.reject(new Error("out of paper")); 1',
      'out of paper',
    ],
    ['what is no TypeScript', 'const b: = 3', 'Type expected'],
    ['what has no end', 'const c = {', "'}' expected"],
    ['an error of the framework, with what to do', 'app.cache("none")', 'E_CACHE_STORE_UNKNOWN'],
  ])('%s', (_, code, message) => {
    const outcome = evaluation(code);
    test('is the command’s error', () => {
      const { status, stdout, stderr } = outcome();
      expect({ status, stdout }).toEqual({ status: 1, stdout: '' });
      expect(stderr).toContain(message);
    });
  });

  const of = (): TestProject => plain;
  const javaScript = evaluation('await Promise.resolve(3)', { of });
  const typeScript = evaluation('const d: number = 3', { of });
  test('without TypeScript it is JavaScript', () => {
    expect(javaScript()).toEqual(printed('3\n'));
    expect(typeScript().stderr).toContain(
      'What is typed here is JavaScript: the package "typescript" is not installed.',
    );
  });

  test('is not kept, for it was not typed', () => {
    expect(existsSync(history())).toBe(false);
  });
});

describe('--tenant', () => {
  const asked = 'app.tenancy.current()?.id + ":" + await app.cache().get("mine")';
  const put = 'await app.cache().put("mine", "ours"); undefined';
  const acme = { options: ['--tenant=acme'] };
  const writing = evaluation(put, acme);
  const ofAcme = evaluation(asked, acme);
  const ofGlobex = evaluation(asked, { options: ['--tenant=globex'] });
  const ofNobody = evaluation(asked);
  test('evaluates in the work of the tenant', () => {
    expect(writing()).toEqual(printed(''));
    expect(ofAcme()).toEqual(printed("'acme:ours'\n"));
    expect(ofGlobex()).toEqual(printed("'globex:undefined'\n"));
    expect(ofNobody()).toEqual(printed("'undefined:undefined'\n"));
  });

  const unknown = evaluation('console.log("ran")', { options: ['--tenant=nobody'] });
  test('of one that nobody has is refused before anything is evaluated', () => {
    const { status, stdout, stderr } = unknown();
    expect({ status, stdout }).toEqual({ status: 1, stdout: '' });
    expect(stderr).toContain('E_TENANT_NOT_FOUND');
  });
});

describe('with a terminal', () => {
  afterEach(async () => {
    await Promise.all(terminals.map((terminal) => terminal.kill()));
    terminals = [];
  });

  test('lines are evaluated and remembered, and Ctrl-D writes what is not written yet', async () => {
    const terminal = open();
    await terminal.shows(prompted('Trilite '));
    terminal.type('function count(list: string[]) {\r');
    await terminal.shows(/(\.\.\.|\|) /); // the latter from Node 24 on
    terminal.type('return list.length }\r');
    await terminal.shows(prompted('list.length }'));
    terminal.type('app.cache().put("count", count(["a"])); undefined\r');
    await terminal.shows(prompted('; undefined'));
    terminal.type('\x04');
    expect(await terminal.end()).toBe(0);
    expect(await artisan(project, 'cache:get count')).toMatchObject({ code: 0, out: '1\n' });
    expect(readFileSync(history(), 'utf8')).toContain('app.cache().put("count"');
    expect(statSync(history()).mode & 0o777).toBe(0o600);
  });

  test('Ctrl-C gives a line up, and what is being waited for; --tenant holds for each line after it, and after a fault', async () => {
    const terminal = open('--tenant=acme');
    await terminal.shows(prompted('production, tenant acme\\): TypeScript'));
    terminal.type('throw new Error("a fault")\r');
    await terminal.shows(prompted('Uncaught Error: a fault'));
    terminal.type('await null; app.tenancy.current().id + 1\r');
    await terminal.shows(prompted("'acme1'"));
    terminal.type('const unfinished = \x03');
    await terminal.shows(prompted('unfinished'));
    // Said once it waits: while a line runs, Node takes Ctrl-C for an end of that run alone
    terminal.type('setImmediate(() => console.log("wai" + "ting")); await new Promise(() => 0)\r');
    await terminal.shows(/waiting/);
    terminal.type('\x03');
    await terminal.shows(prompted('interrupted'));
    terminal.type('app.tenancy.current().id + 2\r');
    await terminal.shows(prompted("'acme2'"));
    terminal.type('exit\r');
    expect(await terminal.end()).toBe(0);
  });

  test('that is not to be talked to it says how to give some code', () => {
    const terminal = open('--no-interaction');
    return Promise.all([terminal.shows(/E_COMMAND_USAGE/), terminal.end()]);
  });
});
