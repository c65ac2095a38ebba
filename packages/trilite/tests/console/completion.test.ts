import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { completionsOf, type CompletionFacts } from '../../src/console/completion/completions';
import { builtInCommands } from '../../src/console/built-in-commands';
import { artisan } from '../helpers/artisan';
import { createProject, type TestProject } from '../helpers/project';
import { Terminal } from '../helpers/terminal';

const PACKAGE = join(__dirname, '../..');

describe('what may follow', () => {
  const facts: CompletionFacts = {
    signatures: builtInCommands.map(({ signature }) => signature),
    tenants: () => ['acme', 'globex'],
    environments: () => ['staging', 'testing'],
  };
  const values = (line: string): string[] =>
    completionsOf(line.split(' '), facts).map(({ value }) => value);

  test.each([
    ['queue:wo', ['queue:work']],
    ['--env=s', ['--env=staging']],
    ['-q migrate:fr', ['migrate:fresh']],
    ['help tinke', ['tinker']],
    ['completion ', ['bash', 'zsh', 'fish']],
    ['cache:get a --s', ['--store=']],
    ['cache:get a --j', ['--json']],
    ['tinker --tenant=', ['--tenant=acme', '--tenant=globex']],
    ['tenants:list --tenants=acme,', ['--tenants=acme,globex']],
    ['tenants:down g', ['globex']],
    ['tenants:down acme ', ['acme', 'globex']],
    ['queue:forget ', []],
    ['no:command --', []],
    ['tenants:run cache:clear -- --', []],
  ])('"artisan %s" goes on with %j', (line, expected) => {
    expect(values(line)).toEqual(expected);
  });

  test('an option that was given is not offered again', () => {
    expect(values('queue:work --once --on')).toEqual([]);
  });
});

describe('in a shell', () => {
  let project: TestProject;

  beforeEach(() => {
    project = createProject({
      'dist/artisan.js': `require(${JSON.stringify(`${PACKAGE}/dist/artisan`)}).runArtisan(__dirname);`,
      'dist/app/console/commands/reports.js': command('reports:send'),
      'storage/tenants/acme/.keep': '',
    });
    mkdirSync(join(project.path, 'node_modules/.bin'), { recursive: true });
    symlinkSync(join(PACKAGE, 'bin/artisan.js'), join(project.path, 'node_modules/.bin/artisan'));
  });

  afterEach(() => project.remove());

  const command = (name: string): string => `
    exports.Sends = class {
      static signature = { name: '${name}', description: 'Sends them' };
      handle() {}
    };`;

  async function install(shell: string): Promise<string> {
    const { code, out } = await artisan(project, `completion ${shell}`);
    expect(code).toBe(0);
    project.write(`completion.${shell}`, out);
    return join(project.path, `completion.${shell}`);
  }

  async function bash(line: string): Promise<string[]> {
    const file = await install('bash');
    const script =
      'source "$1"; COMP_LINE=$2 COMP_POINT=${#2}; _trilite_artisan; printf "%s\\n" "${COMPREPLY[@]}"';
    const out = execFileSync('bash', ['--norc', '-c', script, 'bash', file, line], {
      cwd: project.path,
      encoding: 'utf8',
    });
    return out.split('\n').filter((one) => one !== '');
  }

  test.each([
    ['artisan queue:wo', ['work']],
    ['npx artisan migrate:fre', ['fresh']],
    [
      'npx ts-node artisan.ts cach',
      ['cache:clear', 'cache:forget', 'cache:get', 'cache:locks', 'cache:prune', 'cache:stats'],
    ],
    ['node dist/artisan.js vers', ['version']],
    ['artisan tinker --tenant=', ['acme']],
    ['artisan reports:', ['send']],
    ['npx prettier artisan', []],
    ['node ', []],
  ])('bash completes "%s"', async (line, expected) => {
    expect(await bash(line)).toEqual(expected);
  });

  test('a command that is new is known at the next press of the key', async () => {
    expect(await bash('artisan rep')).toEqual(['reports:send']);
    project.write(
      'dist/app/console/commands/more.js',
      command('reports:sum').replace('Sends ', 'Sums '),
    );
    expect(await bash('artisan rep')).toEqual(['reports:send', 'reports:sum']);
  });

  test('an application with a fault in it completes what every application has', async () => {
    project.write('dist/app/console/commands/more.js', 'a fault');
    expect(await bash('artisan queue:wo')).toEqual(['work']);
  });

  test.each([
    ['bash', 'bash --norc -i'],
    ['zsh', 'zsh -f -i'],
  ])('%s completes what is typed', async (shell, program) => {
    const file = await install(shell);
    const terminal = new Terminal(project, program, { HOME: project.path });
    terminal.type(`source ${file}; echo so"urced"\r`);
    // That is when a shell begins to edit a line: a key that comes earlier is taken as it is
    await terminal.shows(/[\r\n]sourced[^]*\[\?2004h/);
    terminal.type('npx artisan queue:wo\t');
    await terminal.shows(/queue:work/);
    terminal.type('--onc\t');
    await terminal.shows(/--once/);
    terminal.type('\x15exit\r');
    expect(await terminal.end()).toBe(0);
  });

  test.each([
    ['artisan queue:wo', 'queue:work\tRun jobs as they become due\n'],
    ['npx artisan tinker --tenant=', '--tenant=acme\n'],
    ['npx ts-node artisan.ts reports:', 'reports:send\tSends them\n'],
  ])('fish completes "%s"', async (line, expected) => {
    const file = await install('fish');
    const out = execFileSync(
      'fish',
      ['--no-config', '-c', `source ${file}; complete -C '${line}'`],
      {
        cwd: project.path,
        encoding: 'utf8',
        env: { ...process.env, HOME: project.path },
      },
    );
    expect(out).toBe(expected);
  });

  test('a shell that there is no script for is refused', async () => {
    const { code, err } = await artisan(project, 'completion tcsh');
    expect(code).toBe(2);
    expect(err).toContain('there are bash, zsh, fish');
  });

  test('nothing is loaded of the application when its commands are known', async () => {
    await bash('artisan rep');
    project.write('dist/artisan.js', 'throw new Error("It was loaded.");');
    const bin = join(project.path, 'node_modules/.bin/artisan');
    chmodSync(join(PACKAGE, 'bin/artisan.js'), 0o755);
    const { stdout, stderr } = spawnSync(bin, ['--complete', 'rep'], {
      cwd: project.path,
      encoding: 'utf8',
    });
    expect({ stdout, stderr }).toEqual({ stdout: 'reports:send\tSends them\n', stderr: '' });
  });
});
