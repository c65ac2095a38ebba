import {
  Artisan,
  CacheRepository,
  defineSignature,
  injectable,
  type Command,
  type CommandContext,
} from 'trilite';
import { createTestApplication, type TestApplication } from 'trilite/testing';
import { Output } from '../../src/console/output';
import { ScheduledCommands } from '../../src/console/scheduled-commands';
import { artisan, type ArtisanResult } from '../helpers/artisan';
import { createProject, type TestProject } from '../helpers/project';
import { createTenantProject } from '../helpers/tenants';

/* Commands that run others, from within the console and from elsewhere; and how they end. */

const put = defineSignature({
  name: 'entry:put',
  description: 'Put a value into the cache',
  arguments: {
    key: { description: 'The key' },
    more: { description: 'Further keys', required: false, variadic: true },
  },
  options: {
    value: { type: 'string', description: 'The value', default: 'none' },
    times: { type: 'integer', description: 'How often', max: 9, default: 1 },
    loud: { description: 'In capitals' },
  },
});

@injectable()
class PutCommand implements Command<typeof put> {
  static readonly signature = put;

  constructor(private readonly cache: CacheRepository) {}

  async handle({ arguments: { key, more }, options, output }: CommandContext<typeof put>) {
    for (const one of [key, ...more]) await this.cache.put(one, options);
    output.line(`put ${[key, ...more].join(' ')}`);
    return options.times - 1;
  }
}

/** Commands of a project, written as its files are. */
const files = {
  'app/console/commands/inner.js': `
    exports.InnerCommand = class {
      static signature = {
        name: 'app:inner', description: 'Be called',
        arguments: { name: { description: 'Who', question: 'Who?' } },
        options: { code: { type: 'integer', description: 'The code', default: 0 } },
      };
      handle({ arguments: { name }, options: { code }, output, fail, terminal }) {
        output.line('inner ' + name + (terminal.verbose ? ' verbosely' : ''));
        if (name === 'nobody') fail('There is nobody.', 9);
        return code;
      }
    };`,
  'app/console/commands/outer.js': `
    const { InnerCommand } = require('./inner');
    exports.OuterCommand = class {
      static signature = {
        name: 'app:outer', description: 'Call',
        arguments: { line: { description: 'What' } }, options: { silent: { description: 'Silently' } },
      };
      async handle({ arguments: { line }, options: { silent }, output, call, callSilently }) {
        const run = silent ? callSilently : call;
        const code = await (line === 'class' ? run(InnerCommand, { arguments: { name: '-v' }, options: { code: 4 } }) : run(line));
        output.line('outer ' + code);
      }
    };
    exports.ReturnCommand = class {
      static signature = { name: 'app:return', description: 'Return', options: { what: { type: 'string', description: 'What' } } };
      handle({ options: { what } }) { return JSON.parse(what); }
    };
    exports.SignalCommand = class {
      static signature = { name: 'app:signal', description: 'Look at the signal' };
      handle({ output, signal }) { output.line('aborted: ' + signal.aborted); signal.throwIfAborted(); }
    };`,
};

let project: TestProject;

afterEach(() => project.remove());

describe('a command that calls another', () => {
  const run = (line: string): Promise<ArtisanResult> => artisan(project, line);

  beforeEach(() => {
    project = createProject(files);
  });

  test('runs it by its class or a line, and is given its exit code', async () => {
    expect(await run('app:outer class')).toMatchObject({ code: 0, out: 'inner -v\nouter 4\n' });
    expect((await run('app:outer "app:inner Ada --code=3"')).out).toBe('inner Ada\nouter 3\n');
    expect((await run('app:outer "app:inner Ada --help"')).out).toContain('Usage:');
  });

  test('hands on the options of every command', async () => {
    expect((await run('app:outer "app:inner Ada" -v')).out).toContain('inner Ada verbosely');
    expect((await run('app:outer "app:inner Ada" -q')).out).toBe('');
  });

  test('silently prints nothing of it, and asks nothing', async () => {
    expect((await run('app:outer "app:inner Ada" --silent')).out).toBe('outer 0\n');
    const { code, err } = await run('app:outer app:inner --silent');
    expect(err).toContain('"app:inner" needs an answer to "Who?"');
    expect(code).toBe(2);
  });

  test('fails as it does', async () => {
    expect(await run('app:outer "app:inner nobody"')).toMatchObject({
      code: 9,
      out: 'inner nobody\n',
    });
    expect((await run('app:outer app:innner')).err).toContain('Did you mean "app:inner"');
    expect((await run('app:outer "app:inner Ada --loud"')).code).toBe(2);
  });
});

describe('the exit code', () => {
  beforeEach(() => {
    project = createProject(files);
  });

  test('of "fail" is 1 or what it says, and its message is all there is', async () => {
    const { code, err } = await artisan(project, 'app:inner nobody');
    expect(code).toBe(9);
    expect(err).toContain('ERROR  There is nobody.');
    expect(err).not.toContain('    at ');
  });

  test.each(['256', '-1', '1.5', '"1"', 'true', 'null'])('cannot be %s', async (what) => {
    const { code, err } = await artisan(project, ['app:return', `--what=${what}`]);
    expect(code).toBe(1);
    expect(err).toContain('E_COMMAND_INVALID');
    expect(err).toContain('Return a whole number from 0 to 255, or nothing.');
  });
});

describe('Artisan', () => {
  let app: TestApplication;

  beforeEach(async () => {
    project = createProject(files);
    app = await createTestApplication({ basePath: project.path });
  });

  afterEach(() => app.close());

  test('runs a command with values of its signature, and answers code and output', async () => {
    const result = await app.make(Artisan).call(PutCommand, {
      arguments: { key: '--loud', more: ['b', 'a b'] },
      options: { value: '--x y', times: 3 },
    });
    expect(result).toEqual({ exitCode: 2, output: 'put --loud b a b\n' });
    expect(await app.cache().get('a b')).toEqual({ value: '--x y', times: 3, loud: false });
  });

  test('runs a line, which may have values beside it', async () => {
    const made = app.make(Artisan);
    expect((await made.call('app:inner "Ada Lovelace"')).output).toBe('inner Ada Lovelace\n');
    expect((await made.call('app:inner --code=1 Ada', { options: { code: 2 } })).exitCode).toBe(1);
    expect((await made.call('list --json')).output).toContain('"app:inner"');
  });

  test('judges values as those of a person, and throws what the command throws', async () => {
    const made = app.make(Artisan);
    const refused = (...input: Parameters<Artisan['call']>) => expect(made.call(...input)).rejects;
    await refused('entry:pet').toMatchObject({ code: 'E_COMMAND_UNKNOWN' });
    await refused('app:inner', { arguments: { nme: 'Ada' } }).toThrow(
      'There is no argument "nme".',
    );
    await refused('app:inner', { options: { times: 1 } }).toThrow("Unknown option '--times=1'");
    await refused('app:inner', { options: { code: -1 } }).toThrow('at least 0');
    await refused('app:inner').toMatchObject({ code: 'E_COMMAND_USAGE' });
    await refused('app:inner nobody').toMatchObject({ code: 'E_COMMAND_FAILED', exitCode: 9 });
    const late = { arguments: { more: ['b'] } } as never;
    await expect(made.call(PutCommand, late)).rejects.toThrow(
      'The argument "key" is missing, which stands before "more".',
    );
  });

  test('tells the command of a signal that stops it', async () => {
    const stop = new AbortController();
    const reason = new Error('The job was cancelled.');
    @injectable()
    class WaitCommand implements Command {
      static readonly signature = defineSignature({ name: 'app:wait', description: 'Wait' });
      async handle({ signal }: CommandContext) {
        const stopped = new Promise((resolve) => signal.addEventListener('abort', resolve));
        stop.abort(reason);
        await stopped;
        signal.throwIfAborted();
      }
    }
    const called = app.make(Artisan).stoppedBy(stop.signal).call(WaitCommand);
    await expect(called).rejects.toThrow('The job was cancelled.');
  });
});

test('a command of the schedule sees the signal of its task', async () => {
  project = createProject(files);
  const app = await createTestApplication({ basePath: project.path });
  const commands = new ScheduledCommands({ codePath: project.path, app });
  const print = jest.fn();
  const run = (signal: AbortSignal) =>
    commands.run(['app:signal'], { print, signal, whose: undefined });
  expect(await run(new AbortController().signal)).toBe(0);
  expect(print).toHaveBeenLastCalledWith('aborted: false\n');
  expect(await run(AbortSignal.abort(new Error('The scheduler stops.')))).toBe(1);
  expect(print.mock.calls.join('')).toContain('aborted: true\n');
  await app.close();
});

test('in the work of a tenant, commands have its files', async () => {
  project = createTenantProject();
  const app = await createTestApplication({ basePath: project.path });
  for (const id of ['acme', 'globex']) await app.tenancy.create(id);
  await app.tenancy.run('acme', (_, scope) =>
    scope.make(Artisan).call(PutCommand, { arguments: { key: 'mine' } }),
  );
  await app.tenancy.run('globex', () => app.artisan(PutCommand, { arguments: { key: 'its' } }));
  const keysOf = (id: string) =>
    app.tenancy.run(id, async () => [await app.cache().has('mine'), await app.cache().has('its')]);
  expect([await keysOf('acme'), await keysOf('globex')]).toEqual([
    [true, false],
    [false, true],
  ]);
  const kept = await app.tenancy.run('acme', (_, scope) => scope.make(Artisan));
  await expect(app.tenancy.run('globex', () => kept.call('cache:clear'))).rejects.toMatchObject({
    code: 'E_TENANT_WRONG',
  });
  await app.close();
});

describe('output', () => {
  beforeEach(() => {
    project = createProject();
  });

  const written = async (work: (output: Output) => unknown, terminal = {}): Promise<string> => {
    let text = '';
    const stream = { write: (more: string) => (text += more), ...terminal };
    await work(new Output(stream, { color: false }));
    return text;
  };

  test('lists texts, and alerts in a frame', async () => {
    expect(await written((output) => output.list(['One', 'Two\nlines']))).toBe(
      '  • One\n  • Two\n    lines\n',
    );
    expect(await written((output) => output.alert('Down at 7')).then((text) => text.trim())).toBe(
      'Down at 7',
    );
  });

  test('says of a task that it was skipped', async () => {
    const text = await written((output) => output.task('Copying', (skip) => skip()));
    expect(text).toMatch(/Copying \.+ [\d.]+ms SKIPPED\n/);
  });

  test('goes through many one after the other, on a terminal behind a bar', async () => {
    const done: string[] = [];
    const work = (item: string, index: number) => done.push(`${index} ${item}`);
    expect(await written((output) => output.withProgress(new Set(['a', 'b']), work))).toBe('');
    async function* stream() {
      yield 'c';
    }
    await written((output) => output.withProgress(stream(), work, { total: 5 }));
    expect(done).toEqual(['0 a', '1 b', '0 c']);
    const failing = written((output) =>
      output.withProgress(['a'], () => Promise.reject(new Error('Full.'))),
    );
    await expect(failing).rejects.toThrow('Full.');
  });
});
