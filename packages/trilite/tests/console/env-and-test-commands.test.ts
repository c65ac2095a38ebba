import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, rmSync, symlinkSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { watch } from 'node:fs';
import { artisan } from '../helpers/artisan';
import { ARTISAN_FILE } from '../helpers/artisan-process';
import { createProject, type TestProject } from '../helpers/project';

let project: TestProject;

afterEach(() => project.remove());

/** Without what jest sets for its own tests. */
const plainEnvironment = Object.fromEntries(
  Object.entries(process.env).filter(([name]) => !/^(APP_ENV|NODE_ENV|JEST_WORKER_ID)$/.test(name)),
);

function run(words: readonly string[], env: Readonly<Record<string, string>> = {}) {
  const { status, stdout, stderr } = spawnSync(process.execPath, ['artisan.js', ...words], {
    cwd: project.path,
    encoding: 'utf8',
    env: { ...plainEnvironment, ...env },
  });
  return { status, text: stdout + stderr };
}

describe('env', () => {
  const given = process.env;

  beforeEach(() => {
    process.env = { ...plainEnvironment };
  });

  afterEach(() => {
    process.env = given;
  });

  test.each([
    ['nothing', {}, {}, { environment: 'production', source: 'default' }],
    ['.env', { '.env': 'APP_ENV=staging\n' }, {}, { environment: 'staging', source: '.env' }],
    [
      'a file of the environment',
      { '.env': 'APP_ENV=staging\n', '.env.staging': 'APP_ENV=canary\n' },
      {},
      { environment: 'canary', source: '.env.staging' },
    ],
    [
      'the process',
      { '.env': 'APP_ENV=staging\n' },
      { APP_ENV: 'development' },
      { environment: 'development', source: 'process' },
    ],
  ])('says which environment it is, as %s says', async (_name, files, env, expected) => {
    project = createProject(files);
    Object.assign(process.env, env);
    const { code, out } = await artisan(project, 'env --json');
    expect(code).toBe(0);
    expect(JSON.parse(out)).toEqual(expected);
  });

  test('says so to a person', async () => {
    project = createProject({ 'artisan.js': ARTISAN_FILE, '.env': 'APP_ENV=staging\n' });
    expect((await artisan(project, 'env')).out).toContain(
      'The application environment is staging: APP_ENV in .env says so.',
    );
    expect(run(['env', '--env=other']).text).toContain('is other: the variable APP_ENV');
  });

  test('doubts a name that no file and no custom knows', () => {
    project = createProject({ 'artisan.js': ARTISAN_FILE, '.env.staging': '' });
    const doubt = 'It is none of development, testing, production, and there is no .env.prodution';
    expect(run(['env', '--env=prodution']).text).toContain(doubt);
    for (const name of ['staging', 'production']) {
      expect(run(['env', `--env=${name}`]).text).not.toContain('It is none of');
    }
  });
});

describe('test', () => {
  beforeEach(() => {
    project = createProject({
      'artisan.js': ARTISAN_FILE,
      'jest.config.js': "module.exports = { testMatch: ['<rootDir>/tests/**/*.test.js'] };",
      'tests/a.test.js': `
        test('holds', () => expect(process.env.APP_ENV).toBe('testing'));
        test('fails', () => expect(1).toBe(2));`,
      'slow/b.test.js': `
        test('stays', async () => {
          require('node:fs').writeFileSync('begun', '');
          await new Promise(() => setInterval(() => 0, 1e6));
        }, 1e8);`,
    });
    const jest = dirname(require.resolve('jest/package.json'));
    mkdirSync(join(project.path, 'node_modules'));
    symlinkSync(jest, join(project.path, 'node_modules/jest'));
  });

  test('runs jest in the environment "testing", with what it is told', () => {
    const { status, text } = run(['test', '-t', 'holds', '--verbose'], { APP_ENV: 'development' });
    expect(text).toContain('1 skipped, 1 passed');
    expect(text).toContain('✓ holds');
    expect(status).toBe(0);
  });

  test('keeps the exit code, and colours where they are asked for', () => {
    const { status, text } = run(['test', '--colors', 'tests/a.test.js']);
    expect(status).toBe(1);
    expect(text).toContain('\u001b[');
  });

  test.each([
    ['test', '--version'],
    ['test', '--help'],
    ['-q', 'test', '--listTests'],
    ['test', '--suchFlag', 'tests/a.test.js', '-t', 'holds'],
  ])('hands on what stands behind the command, flags of its own included: %s %s', (...words) => {
    rmSync(join(project.path, 'node_modules/jest'));
    project.write('node_modules/jest/package.json', '{}');
    project.write(
      'node_modules/jest/bin/jest.js',
      'console.log(JSON.stringify(process.argv.slice(2)))',
    );
    expect(run(words)).toEqual({
      status: 0,
      text: `${JSON.stringify(words.slice(words.indexOf('test') + 1))}\n`,
    });
  });

  test('passes a signal on', async () => {
    const child = spawn(
      process.execPath,
      ['artisan.js', 'test', '--testMatch=**/slow/*.test.js', '-i'],
      { cwd: project.path, stdio: 'ignore', env: plainEnvironment },
    );
    const watcher = watch(project.path);
    while (!existsSync(join(project.path, 'begun'))) await once(watcher, 'change');
    watcher.close();
    child.kill('SIGTERM');
    const [code] = (await once(child, 'exit')) as [number | null];
    expect(code).toBe(143);
  });

  test('says what is missing where there is no jest', async () => {
    project.remove();
    project = createProject();
    const { code, err } = await artisan(project, 'test --watch');
    expect(code).toBe(2);
    expect(err).toContain('npm install --include=dev');
  });
});
