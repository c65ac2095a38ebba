import { createHash } from 'node:crypto';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

/** An application's folder for one test. */
export interface TestProject {
  readonly path: string;
  write(file: string, text: string): void;
  remove(): void;
}

const CONFIG: Readonly<Record<string, string>> = {
  'package.json': '{ "name": "test-project" }',
  'storage/.gitignore': '*',
  'config/app.js': exportDefault('{}'),
  'config/database.js': exportDefault(`{
    default: 'default',
    connections: {
      default: { driver: 'sqlite', file: 'database.sqlite' },
      cache: { driver: 'sqlite', file: 'cache.sqlite' },
      queue: { driver: 'sqlite', file: 'queue.sqlite' },
    },
  }`),
  'config/cache.js': exportDefault(`{
    default: 'sqlite',
    stores: { sqlite: { driver: 'sqlite', connection: 'cache' }, memory: { driver: 'memory' } },
  }`),
  'config/queue.js': exportDefault(`{
    default: 'sqlite',
    connections: { sqlite: { driver: 'sqlite', connection: 'queue' }, sync: { driver: 'sync' } },
  }`),
  'config/tenancy.js': exportDefault('{}'),
  'config/logging.js': exportDefault("{ level: 'silent' }"),
};

/** The text of a file whose default export is an expression. */
export function exportDefault(expression: string): string {
  return `exports.default = ${expression};\n`;
}

/** A new folder with a whole application in it, some of its files replaced or added. */
export function createProject(files: Readonly<Record<string, string>> = {}): TestProject {
  const project = projectAt(newFolder());
  mkdirSync(join(project.path, 'config'));
  for (const [file, text] of Object.entries({ ...CONFIG, ...files })) {
    if (file.startsWith('config/') && text === CONFIG[file]) {
      symlinkSync(shared(text), join(project.path, file));
    } else project.write(file, text);
  }
  return project;
}

/** One file for all projects of the run: jest would compile and keep each that has a path of its own. */
function shared(text: string): string {
  const folder = join(tmpdir(), 'trilite-shared-config');
  const file = join(folder, `${createHash('sha1').update(text).digest('hex')}.js`);
  if (existsSync(file)) return file;
  mkdirSync(folder, { recursive: true });
  const unfinished = `${file}.${process.pid}`;
  writeFileSync(unfinished, text);
  renameSync(unfinished, file);
  return file;
}

/** A new folder with all that lies in the one of another project, which nobody has open. */
export function copyProject({ path }: Pick<TestProject, 'path'>): TestProject {
  const folder = newFolder();
  cpSync(path, folder, { recursive: true, verbatimSymlinks: true });
  return projectAt(folder);
}

function newFolder(): string {
  return mkdtempSync(join(tmpdir(), 'trilite-project-'));
}

function projectAt(path: string): TestProject {
  const write = (file: string, text: string): void => {
    mkdirSync(dirname(join(path, file)), { recursive: true });
    rmSync(join(path, file), { force: true }); // what it may be a link to is not this project's
    writeFileSync(join(path, file), text);
  };
  return { path, write, remove: () => rmSync(path, { recursive: true, force: true }) };
}
