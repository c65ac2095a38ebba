import {
  CacheRepository,
  defineSignature,
  injectable,
  type Command,
  type CommandContext,
} from 'trilite';
import { createTestApplication, type TestApplication, type TestCommand } from 'trilite/testing';
import { createProject, exportDefault, type TestProject } from '../helpers/project';

/* What is said of a command in a test, where it holds and where it does not; and what it fails for that nobody said. */

const signature = defineSignature({
  name: 'team:invite',
  description: 'Invite somebody',
  arguments: { email: { description: 'Whom', question: 'Whose e-mail?' } },
  options: {
    role: { type: 'string', description: 'The role' },
    code: { type: 'integer', description: 'The exit code', default: 0 },
    silent: { description: 'Print nothing' },
  },
});

@injectable()
class InviteCommand implements Command<typeof signature> {
  static readonly signature = signature;

  constructor(private readonly cache: CacheRepository) {}

  async handle(context: CommandContext<typeof signature>): Promise<number> {
    const { arguments: given, options, output, prompts, fail } = context;
    if (options.silent) return options.code;
    const role = await prompts.choose(
      'Which role?',
      { admin: 'Admin', guest: 'Guest' },
      { answeredBy: 'role' },
    );
    const lists = await prompts.chooseMany('Which lists?', ['news', 'offers']);
    const key = await prompts.secret('The key?', {
      validate: (text) => (text.startsWith('k') ? undefined : 'A key begins with "k".'),
    });
    if (!(await prompts.confirm('Is that right?'))) fail('Nobody was invited.', 4);
    await this.cache.put('invited', given.email);
    output.success(`${given.email} is ${role}.`);
    output.line('A mail\n  is on its way.');
    output.table(['List', 'Key'], [...lists.map((list) => [list, key] as const)]);
    return options.code;
  }
}

let app: TestApplication;
let project: TestProject;

beforeEach(async () => {
  project = createProject({ 'config/logging.js': exportDefault("{ level: 'silent' }") });
  app = await createTestApplication({ basePath: project.path });
});

afterEach(async () => {
  await app.close();
  project.remove();
});

const silent = (code = 0): TestCommand =>
  app.artisan(InviteCommand, { arguments: { email: 'a@b.c' }, options: { silent: true, code } });

const invite = (): TestCommand =>
  app
    .artisan(InviteCommand, { options: { role: 'guest' } })
    .expectsQuestion('Whose e-mail?', 'ada@example.org')
    .expectsChoice('Which lists?', ['news'], ['news', 'offers'])
    .expectsQuestion('The key?', 'k7');

const invited = (): TestCommand => invite().expectsConfirmation('Is that right?', 'yes');

test('a command asks as expected, and does its work', async () => {
  const { exitCode, output } = await invited().assertSuccessful();
  expect(exitCode).toBe(0);
  expect(output).toContain('ada@example.org is guest.');
  expect(await app.cache().get('invited')).toBe('ada@example.org');
});

const asked = (role: string, choices?: readonly string[]): TestCommand =>
  app
    .artisan(InviteCommand, { arguments: { email: 'a@b.c' } })
    .expectsChoice('Which role?', role, choices)
    .expectsChoice('Which lists?', [])
    .expectsQuestion('The key?', 'k7')
    .expectsConfirmation('Is that right?', 'yes');

interface Row {
  readonly name: string;
  readonly holds: () => TestCommand;
  readonly fails: () => TestCommand;
  readonly says: string;
}

const rows: readonly Row[] = [
  {
    name: 'assertExitCode',
    holds: () => silent(3).assertExitCode(3),
    fails: () => silent(3).assertExitCode(4),
    says: 'Expected exit code 4, got 3.\n\n"artisan team:invite" ended with exit code 3, and printed nothing.',
  },
  {
    name: 'assertSuccessful',
    holds: () => silent().assertSuccessful(),
    fails: () => silent(1).assertSuccessful(),
    says: 'Expected success (exit code 0), got 1.',
  },
  {
    name: 'assertFailed',
    holds: () => silent(1).assertFailed(),
    fails: () => silent().assertFailed(),
    says: 'Expected a failure, got 0.',
  },
  {
    name: 'no word of the exit code',
    holds: () => silent(),
    fails: () => silent(3),
    says: '"team:invite" failed, which the test does not expect: say "assertFailed()" or "assertExitCode(3)" where it is to.',
  },
  {
    name: 'expectsOutput',
    holds: () =>
      invited().expectsOutput('ada@example.org is guest.').expectsOutput('A mail\nis on its way.'),
    fails: () => invited().expectsOutput('ada@example.org is admin.'),
    says: 'Expected the output "ada@example.org is admin.".\n\n"artisan team:invite" ended with exit code 0, and printed:\n\n   DONE  ada@example.org is guest.',
  },
  {
    name: 'expectsOutput of part of a line',
    holds: () => invited().expectsOutput('is on its way.'),
    fails: () => invited().expectsOutput('on its way'),
    says: 'Expected the output "on its way".',
  },
  {
    name: 'expectsOutput without a text',
    holds: () => invited().expectsOutput(),
    fails: () => silent().expectsOutput(),
    says: 'Expected output, got none.',
  },
  {
    name: 'doesntExpectOutput',
    holds: () => invited().doesntExpectOutput('on its way'),
    fails: () => invited().doesntExpectOutput('is on its way.'),
    says: 'Expected no output "is on its way.".',
  },
  {
    name: 'doesntExpectOutput without a text',
    holds: () => silent().doesntExpectOutput(),
    fails: () => invited().doesntExpectOutput(),
    says: 'Expected no output.',
  },
  {
    name: 'expectsOutputToContain',
    holds: () => invited().expectsOutputToContain('on its'),
    fails: () => invited().expectsOutputToContain('on her'),
    says: 'Expected output that contains "on her".',
  },
  {
    name: 'doesntExpectOutputToContain',
    holds: () => invited().doesntExpectOutputToContain('on her'),
    fails: () => invited().doesntExpectOutputToContain('on its'),
    says: 'Expected output without "on its".',
  },
  {
    name: 'expectsTable',
    holds: () => invited().expectsTable(['List', 'Key'], [['news', 'k7']]),
    fails: () => invited().expectsTable(['List', 'Key'], [['news', 'k8']]),
    says: 'Expected the table\n┌──────┬─────┐',
  },
  {
    name: 'expectsQuestion',
    holds: () => invited(),
    fails: () =>
      app
        .artisan(InviteCommand, { options: { role: 'guest' } })
        .expectsQuestion('Your e-mail?', 'x'),
    says: 'The command asked "Whose e-mail?", where the test expects "Your e-mail?". Answer it with "expectsQuestion", in the order of the questions.',
  },
  {
    name: 'a question that is not asked',
    holds: () => invited(),
    fails: () => invited().expectsQuestion('Anything else?', 'no'),
    says: 'Expected the command to ask "Anything else?", which it did not.',
  },
  {
    name: 'a question that nobody expects',
    holds: () => invited(),
    fails: () => invite(),
    says: 'The command asked "Is that right?", where the test expects no further question. Answer it with "expectsConfirmation"',
  },
  {
    name: 'a question of another kind',
    holds: () => invited(),
    fails: () => invite().expectsQuestion('Is that right?', 'yes'),
    says: 'The answer to "Is that right?" is no confirmation: give it with "expectsConfirmation".',
  },
  {
    name: 'expectsConfirmation',
    holds: () =>
      invite()
        .expectsConfirmation('Is that right?')
        .assertExitCode(4)
        .expectsOutput('Nobody was invited.'),
    fails: () => invite().expectsConfirmation('Is that right?', true).assertExitCode(4),
    says: 'Expected exit code 4, got 0.',
  },
  {
    name: 'expectsChoice',
    holds: () => asked('admin', ['admin', 'guest']),
    fails: () => asked('admin', ['guest', 'admin']),
    says: 'The command asked "Which role?" with the choices "admin", "guest", expected were "guest", "admin".',
  },
  {
    name: 'expectsChoice of what cannot be chosen',
    holds: () => asked('guest'),
    fails: () => asked('owner'),
    says: 'where the test expects "Which lists?". It refused the answer before: "owner" is none of "admin", "guest".',
  },
];

test.each(rows)('$name holds, and fails', async ({ holds, fails, says }) => {
  await holds();
  await expect(fails()).rejects.toThrow(says);
});

test('a question that nobody expects fails the test, whatever the command makes of it', async () => {
  class HardyCommand implements Command {
    static readonly signature = defineSignature({ name: 'app:hardy', description: 'Go on' });
    async handle({ prompts }: CommandContext): Promise<void> {
      await prompts.ask('Anything?').catch(() => undefined);
    }
  }
  await expect(app.artisan(HardyCommand)).rejects.toThrow('The command asked "Anything?"');
});

test('a refused answer is asked for again, and what was wrong is printed', async () => {
  await app
    .artisan(InviteCommand, { arguments: { email: 'a@b.c' }, options: { role: 'admin' } })
    .expectsChoice('Which lists?', [])
    .expectsQuestion('The key?', '7')
    .expectsQuestion('The key?', 'k7')
    .expectsConfirmation('Is that right?', 'yes')
    .expectsOutput('A key begins with "k".')
    .assertSuccessful();
});

test('what a command throws is printed, and a failure', async () => {
  await app.artisan('cache:clear --store=nope').expectsOutputToContain('"nope"').assertExitCode(1);
  await app.artisan('cache:clear', { options: { nope: 1 } }).assertExitCode(2);
  await app.artisan('cache:claer').expectsOutputToContain('"cache:clear"').assertFailed();
});

test('built-in commands ask as well, unless they are told to ask nothing', async () => {
  const question = 'This drops every table with what is in it, and this is production. Go on?';
  const fresh = app.artisan('migrate:fresh').expectsConfirmation(question, 'no');
  await fresh.expectsOutput('Nothing was done.').assertExitCode(1);
  await app.artisan('migrate:fresh -n').expectsOutputToContain('--force').assertExitCode(2);
});

test('a command that was awaited twice has run once', async () => {
  const command = app.artisan('cache:clear');
  expect(await command).toBe(await command);
});

test('what is expected after it has run is refused: nobody would look at it', async () => {
  const command = app.artisan('cache:clear');
  await command;
  expect(() => command.assertFailed()).toThrow('to stand before its "await"; it has run');
});

test('lines that it did not print are not there, empty ones either', async () => {
  await expect(app.artisan('cache:clear').expectsOutput('\n\n\n\n\n\n\n\n')).rejects.toThrow(
    'Expected the output',
  );
});

test('a command that nobody awaits fails the test, which says where it was begun', async () => {
  const other = await createTestApplication({ basePath: project.path });
  void other.artisan('cache:clear').assertSuccessful();
  await expect(other.close()).rejects.toMatchObject({
    code: 'E_TEST_COMMAND_NOT_AWAITED',
    message: expect.stringMatching(/artisan cache:clear\n.*console-assertions\.test\.ts/),
  });
});
