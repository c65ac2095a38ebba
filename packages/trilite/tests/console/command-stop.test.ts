import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { Locks } from 'trilite';
import { runAlone } from '../../src/console/calls/isolation';
import { Output } from '../../src/console/output';
import { artisan } from '../helpers/artisan';
import { ARTISAN_FILE, ArtisanProcess } from '../helpers/artisan-process';
import { gate } from '../helpers/gate';
import { copyProject, createProject, type TestProject } from '../helpers/project';

/* How commands in processes of their own are stopped, and kept from running beside themselves. */

const files = {
  'artisan.js': ARTISAN_FILE,
  'app/console/commands/long.js': `
    const forever = () => new Promise(() => setInterval(() => console.log('beat'), 20));
    exports.LongCommand = class {
      static signature = {
        name: 'app:long', description: 'Go on until it is stopped',
        options: { then: { type: 'string', description: 'What comes after', default: 'end' } },
      };
      async handle({ signal, app, output, options: { then } }) {
        await (await app()).locks.lock('opens the file', '1m').get();
        const alive = setInterval(() => undefined, 1000);
        const stopped = new Promise((resolve) => signal.addEventListener('abort', resolve));
        output.line('begun');
        await stopped;
        clearInterval(alive);
        output.line('stopping');
        if (then === 'go on') await forever();
        if (then === 'throw') signal.throwIfAborted();
        if (then === 'fail') throw new Error('It broke.');
        if (then === 'return') return 5;
      }
    };
    exports.DeafCommand = class {
      static signature = { name: 'app:deaf', description: 'Look at no signal' };
      async handle({ output }) { output.line('begun'); await forever(); }
    };
    exports.AloneCommand = class {
      static signature = { name: 'app:alone', description: 'Run alone', isolated: true };
      async handle({ output }) { output.line('begun'); await forever(); }
    };`,
};

let migrated: TestProject;
let project: TestProject;
const started: ArtisanProcess[] = [];

function start(...words: readonly string[]): ArtisanProcess {
  const process = new ArtisanProcess(project, words);
  started.push(process);
  return process;
}

beforeAll(async () => {
  migrated = createProject(files);
  await artisan(migrated, 'migrate');
});

beforeEach(() => {
  project = copyProject(migrated);
});

afterEach(async () => {
  for (const process of started.splice(0)) await process.kill();
  project.remove();
});

afterAll(() => migrated.remove());

describe('a command that looks at its signal', () => {
  test.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
    ['SIGHUP', 129],
  ] as const)(
    'ends by %s when it is done, with the code %d, and closes the application',
    async (signal, code) => {
      const it = start('app:long');
      await it.said(/begun/);
      expect(existsSync(join(project.path, 'storage/queue.sqlite-wal'))).toBe(true);
      it.signal(signal);
      expect(await it.end()).toEqual({ code, signal: null });
      expect(it.text).toMatch(/stopping$/);
      expect(existsSync(join(project.path, 'storage/queue.sqlite-wal'))).toBe(false);
    },
  );

  test.each([
    ['throw', 130, /stopping$/],
    ['return', 5, /stopping$/],
    ['fail', 1, /ERROR {2}It broke\./],
  ])('may %s then: the code is %d', async (then, code, text) => {
    const it = start('app:long', `--then=${then}`);
    await it.said(/begun/);
    it.signal('SIGINT');
    expect(await it.end()).toEqual({ code, signal: null });
    expect(it.text).toMatch(text);
  });

  test('ends at once by a second Ctrl-C', async () => {
    const it = start('app:long', '--then=go on');
    await it.said(/begun/);
    it.signal('SIGTERM');
    // The first few come as close as an echo of the first one, and count as that
    for (let ended = false; !ended; ended = it.hasEnded) {
      await it.said(/beat/).catch(() => undefined); // it ended
      it.signal('SIGINT');
    }
    expect(await it.end()).toEqual({ code: 143, signal: null });
  });
});

describe('a command that runs alone', () => {
  test('is kept from running beside itself, which says who is in the way, and runs again after a SIGKILL and after a SIGINT', async () => {
    const first = start('app:alone');
    await first.said(/begun/);
    const second = start('app:alone');
    expect(await second.end()).toEqual({ code: 0, signal: null });
    expect(second.text).toContain(
      `Another run of "app:alone" goes on (pid ${first.pid}). Nothing was done.`,
    );
    expect(second.text).not.toContain('begun');
    expect(await artisan(project, 'app:alone --isolated=7')).toMatchObject({ code: 7 });
    await first.kill();
    const third = start('app:alone');
    await third.said(/begun/);
    third.signal('SIGINT');
    await third.end();
    await start('app:alone').said(/begun/);
  });

  test('is any, by --isolated; without it others go on beside, and end at once by a signal that they do not look at', async () => {
    const first = start('app:deaf', '--isolated');
    await first.said(/begun/);
    expect(await artisan(project, 'app:deaf --isolated=12')).toMatchObject({ code: 12 });
    const beside = start('app:deaf');
    await beside.said(/begun/);
    beside.signal('SIGINT');
    expect(await beside.end()).toEqual({ code: null, signal: 'SIGINT' });
  });

  test.each(['--isolated=256', '--isolated=', '--isolated=no'])('refuses %s', async (option) => {
    const { code, err } = await artisan(project, `app:deaf ${option}`);
    expect(code).toBe(2);
    expect(err).toContain('"--isolated" takes an exit code from 0 to 255');
  });

  test('renews its lock for as long as it takes, and gives it back', async () => {
    await withTime(async ({ pass, alone }) => {
      const first = gate<number>();
      const running = alone(() => first.opened);
      await pass(3_600_000);
      expect(await alone(async () => 0, 7)).toBe(7);
      first.open(3);
      expect(await running).toBe(3);
      expect(await alone(async () => 1)).toBe(1);
    });
  });

  test('says once that its lock was taken away', async () => {
    await withTime(async ({ pass, alone, locks, said }) => {
      const first = gate<number>();
      const running = alone(() => first.opened);
      await pass(0);
      await locks.lock('command:app:long', 1).forceRelease();
      await pass(120_000);
      expect(said().match(/The lock "command:app:long" was taken away/g)).toHaveLength(1);
      first.open(0);
      await running;
    });
  });
});

interface Timed {
  readonly pass: (milliseconds: number) => Promise<unknown>;
  /** Runs work in the place of a command. */
  readonly alone: (work: () => Promise<number>, exitCode?: number) => Promise<number>;
  readonly locks: Locks;
  readonly said: () => string;
}

/** Runs a test on a clock of its own, with locks in memory. */
async function withTime(work: (timed: Timed) => Promise<void>): Promise<void> {
  jest.useFakeTimers();
  try {
    const locks = Locks.inMemory();
    let text = '';
    const output = new Output({ write: (more) => (text += more) });
    await work({
      pass: (milliseconds) => jest.advanceTimersByTimeAsync(milliseconds),
      alone: (one, exitCode = 0) => runAlone({ command: 'app:long', locks, output, exitCode }, one),
      locks,
      said: () => text,
    });
  } finally {
    jest.useRealTimers();
  }
}
