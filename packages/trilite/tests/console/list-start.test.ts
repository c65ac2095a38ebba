import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { ARTISAN_FILE } from '../helpers/artisan-process';
import { createProject, exportDefault } from '../helpers/project';

/* `list` answers at once, whatever the commands need when they run. The built framework, as an application has it. */

const DIST = join(__dirname, '../../dist');

/** What loads long, and the list needs none of it. */
const HEAVY = ['better-sqlite3', 'express', 'kysely', 'pino', 'zod', 'enquirer', 'cli-table3'];

const packagesIn = (files: readonly string[]) =>
  HEAVY.filter((name) => files.some((file) => file.includes(`/node_modules/${name}/`)));

const WRITE_LOADED =
  "process.on('exit', () => process.stderr.write(Object.keys(require.cache).join('\\n')));\n";

const COMMAND = `
const { Database, CacheRepository, QueueDispatcher, defineSignature, injectable } = require(${JSON.stringify(DIST)});
exports.Counted = class {
  static signature = defineSignature({ name: 'app:counted', description: 'Counts' });
  handle() {}
};
Reflect.defineMetadata('design:paramtypes', [Database, CacheRepository, QueueDispatcher], exports.Counted);
injectable()(exports.Counted);
`;

const loadedBy = (...words: readonly string[]) => {
  const project = createProject({
    'artisan.js': WRITE_LOADED + ARTISAN_FILE,
    'app/console/commands/counted-command.js': COMMAND,
    'app/console/kernel.js': exportDefault('{ commands: [] }'),
  });
  const { stdout, stderr } = spawnSync(process.execPath, ['artisan.js', ...words], {
    cwd: project.path,
    encoding: 'utf8',
  });
  project.remove();
  return { stdout, files: stderr.split('\n') };
};

test.each([['list'], ['help'], ['list', '--json']])(
  '"artisan %s %s" loads no engine, no web server and none of the commands it names',
  (...words) => {
    const { stdout, files } = loadedBy(...words);
    expect(stdout).toContain(words[0] === 'list' ? 'app:counted' : 'artisan help');
    expect(packagesIn(files)).toEqual([]);
    const commands = files.filter((file) => /dist\/console\/commands\//.test(file));
    expect(commands.map((file) => file.replace(/.*\//, ''))).toEqual([`${words[0]}-command.js`]);
  },
);

test('a command that runs is loaded, and is what it was without being named first', () => {
  const { stdout, files } = loadedBy('about');
  expect(stdout).toContain('better-sqlite3');
  expect(files.some((file) => file.endsWith('commands/about-command.js'))).toBe(true);
});

test('a command that boots the application and queries nothing loads no query builder and no web server', () => {
  const { stdout, files } = loadedBy('config:show');
  expect(stdout).toContain('database');
  expect(packagesIn(files)).toEqual(['pino', 'zod']);
});
