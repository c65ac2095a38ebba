import { mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { SourceWatch } from '../../src/console/source-watch';
import { createProject, type TestProject } from '../helpers/project';

let project: TestProject;
let watch: SourceWatch;
let changes: string[];
let wake: () => void;

beforeEach(() => {
  project = createProject({ 'app/jobs/mail.ts': '', 'database/data.sqlite': '' });
  changes = [];
  wake = () => undefined;
  watch = new SourceWatch(project.path, ['app', 'routes', 'database'], (file) => {
    changes.push(file);
    wake();
  });
});

afterEach(() => {
  watch.close();
  project.remove();
});

/** The next change that is told. */
async function next(): Promise<string> {
  while (changes.length === 0) await new Promise<void>((resolve) => (wake = resolve));
  return changes.shift() ?? '';
}

function path(file: string): string {
  return join(project.path, file);
}

test('a file that is written to is told of once', async () => {
  for (let line = 1; line <= 5; line += 1) writeFileSync(path('app/jobs/mail.ts'), `// ${line}`);
  expect(await next()).toBe('app/jobs/mail.ts');
  expect(changes).toEqual([]);
});

test('a file that is saved by putting another one in its place is told of, again and again', async () => {
  for (let time = 1; time <= 3; time += 1) {
    writeFileSync(path('app/jobs/mail.ts.tmp'), `// ${time}`);
    renameSync(path('app/jobs/mail.ts.tmp'), path('app/jobs/mail.ts'));
    expect(await next()).toBe('app/jobs/mail.ts');
  }
});

test('a file in a new folder is told of', async () => {
  mkdirSync(path('app/services/mail'), { recursive: true });
  writeFileSync(path('app/services/first.ts'), '');
  expect(await next()).toMatch(/^app\/services\//);
  writeFileSync(path('app/services/mail/second.ts'), '');
  expect(await next()).toBe('app/services/mail/second.ts');
});

test('a file that is deleted is told of', async () => {
  rmSync(path('app/jobs/mail.ts'));
  expect(await next()).toBe('app/jobs/mail.ts');
});

test('what is no source is left out', async () => {
  writeFileSync(path('database/data.sqlite'), 'more');
  writeFileSync(path('database/data.sqlite-wal'), 'more');
  writeFileSync(path('database/seed.ts'), '');
  expect(await next()).toBe('database/seed.ts');
});

test('nothing is told once it is closed, twice without harm', () => {
  writeFileSync(path('app/jobs/mail.ts'), 'changed');
  watch.close();
  watch.close();
  expect(changes).toEqual([]);
});
