import { artisan as artisanIn, type ArtisanResult } from '../helpers/artisan';
import { createProject, type TestProject } from '../helpers/project';

let project: TestProject;

afterEach(() => project.remove());

/** Runs artisan command lines, one after the other, and answers with the last one's result. */
async function artisan(
  files: Record<string, string>,
  ...lines: readonly string[]
): Promise<ArtisanResult> {
  project = createProject(files);
  let result: ArtisanResult = { code: -1, out: '', err: '' };
  for (const line of lines) result = await run(line);
  return result;
}

function run(line: string): Promise<ArtisanResult> {
  return artisanIn(project, line);
}

const greet = `
  const { defineSignature } = require('trilite');
  exports.GreetCommand = class {
    static signature = defineSignature({
      name: 'app:greet', description: 'Greet somebody',
      arguments: { name: { description: 'Whom' }, more: { description: 'Whom else', required: false, variadic: true } },
      options: { times: { type: 'integer', description: 'How often', default: 1, min: 1, short: 't' }, 'out-loud': { description: 'Louder' } },
    });
    handle({ arguments: args, options, output }) { output.line(JSON.stringify({ ...args, ...options })); return args.name === 'nobody' ? 3 : 0; }
  };`;
const withGreet = { 'app/console/commands/greet-command.js': greet };

describe('list', () => {
  test('is what runs when nothing is typed, groups by prefix, and holds the own commands', async () => {
    const { code, out } = await artisan(withGreet, '');
    expect(code).toBe(0);
    expect(out).toMatch(/ {3}app\n {4}app:greet +Greet somebody\n/);
    expect(out).toMatch(/ {3}queue\n {4}queue:batch/);
  });

  test('with --json is valid JSON and nothing else', async () => {
    const { out } = await artisan(withGreet, 'list --json');
    const commands = JSON.parse(out) as { name: string; usage: string; origin: string }[];
    expect(commands.find(({ name }) => name === 'app:greet')).toMatchObject({
      usage: 'app:greet [options] <name> [more...]',
      origin: 'application',
    });
  });

  test('uses no colour where there is no terminal, and colour when told to', async () => {
    expect((await artisan({}, 'list')).out).not.toContain('\u001b[');
    expect((await artisan({}, 'list --ansi')).out).toContain('\u001b[');
  });
});

describe('a command', () => {
  test('is given its arguments and options, typed and defaulted', async () => {
    const { out } = await artisan(withGreet, 'app:greet Ada Grace Mary -t 2 --out-loud');
    expect(JSON.parse(out)).toEqual({
      name: 'Ada',
      more: ['Grace', 'Mary'],
      times: 2,
      'out-loud': true,
    });
    expect(JSON.parse((await run('app:greet Ada')).out)).toMatchObject({
      times: 1,
      'out-loud': false,
    });
  });

  test('may have an option whose name begins with "no-", beside the one without', async () => {
    const files = {
      'app/console/commands/send-command.js': `exports.SendCommand = class {
        static signature = { name: 'send', description: 'Send', options: {
          mail: { description: 'Mail' }, 'no-mail': { description: 'No mail' }, 'no-more-than': { type: 'integer', description: 'Most', default: 9 },
        } };
        handle({ options, output }) { output.line(JSON.stringify(options)); }
      };`,
    };
    const { out } = await artisan(files, 'send --no-mail --no-more-than=3');
    expect(JSON.parse(out)).toEqual({ mail: false, 'no-mail': true, 'no-more-than': 3 });
    const unasked = { mail: false, 'no-mail': false, 'no-more-than': 9 };
    expect(JSON.parse((await run('send')).out)).toEqual(unasked);
  });

  test('decides the exit code', async () => {
    expect((await artisan(withGreet, 'app:greet nobody')).code).toBe(3);
  });

  test.each([
    ['app:greet', /missing required argument 'name'/i],
    ['app:greet Ada --times 0', /whole number of at least 1/],
    ['app:greet Ada --times many', /whole number of at least 1/],
    ['app:greet Ada --loud', /unknown option '--loud'/i],
    ['list too many', /too many arguments/i],
  ])('"%s" is refused with what is wrong and exit code 2', async (line, message) => {
    const { code, err, out } = await artisan(withGreet, line);
    expect(err).toMatch(message);
    expect(code).toBe(2);
    expect(out).toBe('');
  });

  test('that does not exist is answered with the nearest names and exit code 1', async () => {
    const { code, err } = await artisan({}, 'queue:wrok');
    expect(code).toBe(1);
    expect(err).toContain('There is no command "queue:wrok"');
    expect(err).toContain('"queue:work"');
  });

  test('shows its help', async () => {
    for (const line of ['help app:greet', 'app:greet --help']) {
      expect((await artisan(withGreet, line)).out).toContain(
        'artisan app:greet [options] <name> [more...]',
      );
      project.remove();
    }
  });

  test('of a name that is taken is refused', async () => {
    const { code, err } = await artisan(
      { 'app/console/commands/serve.js': greet.replace('app:greet', 'serve') },
      'list',
    );
    expect(code).toBe(1);
    expect(err).toContain('"serve"');
  });

  test('with an option that every command has is refused', async () => {
    const files = { 'app/console/commands/greet.js': greet.replace('times:', 'verbose:') };
    expect((await artisan(files, 'list')).err).toContain('"verbose" of the command "app:greet"');
  });

  test('is missed in a file of app/console/commands that exports none', async () => {
    expect((await artisan({ 'app/console/commands/empty.js': '' }, 'list')).err).toContain(
      'exports no command',
    );
  });

  test('may come from a package by app/console/kernel', async () => {
    const files = {
      'app/console/kernel.js': `${greet}\nexports.default = { commands: [exports.GreetCommand] };`,
    };
    expect((await artisan(files, 'app:greet Ada')).code).toBe(0);
  });
});

describe('built-in commands', () => {
  test('migrate creates and migrates every file, and finds nothing to do the second time', async () => {
    const first = await artisan({}, 'migrate');
    expect(first.out).toMatch(/cache: trilite\/cache\/0001_create_cache \.+ [\d.]+ms DONE/);
    expect((await run('migrate')).out).toContain('Nothing to migrate');
    expect((await run('migrate:status --pending')).code).toBe(0);
  });

  test('migrate:status --pending exits with 1 while something is pending', async () => {
    const { code, out } = await artisan({}, 'migrate:status --pending --json');
    expect(code).toBe(1);
    const names = (JSON.parse(out) as { name: string }[]).map(({ name }) => name);
    expect(names).toEqual(
      expect.arrayContaining(['trilite/queue/0002_link_jobs', 'trilite/cache/0001_create_cache']),
    );
  });

  test('cache:clear empties the store it names', async () => {
    expect((await artisan({}, 'migrate', 'cache:clear')).out).toContain('"sqlite" is empty');
    expect((await run('cache:clear --store nope')).err).toContain('"nope" is not declared');
  });

  test('queue:failed and queue:retry answer when nothing has failed', async () => {
    expect(JSON.parse((await artisan({}, 'migrate', 'queue:failed --json')).out)).toEqual([]);
    expect((await run('queue:retry all')).code).toBe(0);
    expect((await run('queue:retry 01ABC')).code).toBe(1);
  });

  test('queue:work --stop-when-empty ends when nothing is due', async () => {
    expect((await artisan({}, 'migrate', 'queue:work --stop-when-empty')).code).toBe(0);
  });

  test('queue:work refuses a connection that keeps no jobs, and an empty queue name', async () => {
    expect((await artisan({}, 'queue:work sync')).err).toContain('"sync" queue driver cannot');
    expect((await run('queue:work --queue=a,,b')).code).toBe(2);
  });

  test('a file that is not migrated is answered with what to do', async () => {
    const { code, err } = await artisan({}, 'queue:failed');
    expect(code).toBe(1);
    expect(err).toContain('artisan migrate');
  });

  test('config:show shows settings, one of them, and never a secret', async () => {
    const key = `base64:${Buffer.alloc(32).toString('base64')}`;
    const files = {
      'config/app.js': `exports.default = { key: '${key}' };`,
      'config/services.js': "exports.default = { search: 'https://me:hidden@host/?q=a:b@c' };",
      'config/mail.js':
        "exports.default = { auth: { user: 'me', pass: 'hidden' }, pin: { secret: 1234 } };",
      'config/shops.js':
        "exports.default = { tokens: { eu: 'hidden', us: ['hidden'] }, db: 'mongodb+srv://me:hidden@host' };",
    };
    const { out } = await artisan(files, 'config:show --json');
    expect(JSON.parse(out)).toMatchObject({
      cache: { default: 'sqlite' },
      services: { search: 'https://me:(not shown)@host/?q=a:b@c' },
      mail: { auth: { user: 'me', pass: '(set, not shown)' }, pin: { secret: '(set, not shown)' } },
      shops: {
        tokens: { eu: '(set, not shown)', us: ['(set, not shown)'] },
        db: 'mongodb+srv://me:(not shown)@host',
      },
      app: { key: '(set, not shown)' },
    });
    expect((await run('config:show queue.connections.sqlite.lease')).out).toMatch(/\.+ 90000\n/);
    expect((await run('config:show queue.nope')).code).toBe(2);
  });

  test('with tenants, route:list says whose routes they are, and config:show the names of headers', async () => {
    const files = {
      'config/tenancy.js': "exports.default = { mode: 'files' };",
      'routes/web.js': "exports.default = (route) => { route.get('/plans', () => 1); };",
      'routes/tenant.js': "exports.default = (route) => { route.get('/notes', () => 1); };",
    };
    const { out } = await artisan(files, 'route:list');
    expect(out).toMatch(/ GET {5}central \/plans /);
    expect(out).toMatch(/ GET {5}tenant {2}\/notes /);
    expect((await run('config:show tenancy.identification.token')).out).toContain('X-Tenant-Token');
  });

  test('about --json tells versions and files', async () => {
    expect(JSON.parse((await artisan({}, 'about --json')).out)).toMatchObject({
      Versions: { SQLite: expect.any(String) },
      Files: { queue: expect.stringMatching(/queue\.sqlite \(not there yet\)$/) },
      Tenants: { Mode: 'off' },
      Queue: { Default: 'sqlite', Connections: 'sqlite (sqlite), sync (sync)' },
      Scheduler: { Tasks: 0, 'For each tenant': 0 },
    });
    await run('migrate');
    expect(JSON.parse((await run('about --json')).out)).toMatchObject({
      Files: { queue: expect.stringMatching(/queue\.sqlite \(\d+(\.\d+)? kB\)$/i) },
    });
  });

  test('key:generate writes a key once, and replaces it by force', async () => {
    expect((await artisan({}, 'key:generate')).code).toBe(0);
    expect((await run('key:generate')).code).toBe(2);
    expect((await run('key:generate --force')).code).toBe(0);
    expect((await run('key:generate --show')).out).toMatch(/^base64:.{44}\n$/);
  });

  test('a configuration error is told without a stack, and with one when asked', async () => {
    const { err, code } = await artisan({ 'config/cache.js': 'exports.default = {};' }, 'about');
    expect(code).toBe(1);
    expect(err).toContain('config/cache.ts');
    expect(err).not.toContain('    at ');
    expect((await run('about -v')).err).toContain('    at ');
  });
});
