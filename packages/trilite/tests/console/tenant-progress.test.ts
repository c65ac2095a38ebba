import { PassThrough } from 'node:stream';
import { createApplication } from '../../src/application';
import { ConsoleKernel } from '../../src/console/console-kernel';
import type { TestProject } from '../helpers/project';
import { createTenantProject, openTenantApplication } from '../helpers/tenants';

let project: TestProject;

beforeEach(async () => {
  project = createTenantProject();
  const app = await openTenantApplication(project);
  for (const id of ['acme', 'globex']) await app.tenancy.create(id);
  await app.tenancy.down('globex');
  await app.close();
});

afterEach(() => project.remove());

/** What a command writes to a terminal. */
async function onTerminal(line: string): Promise<string> {
  const terminal = Object.assign(new PassThrough(), { isTTY: true, columns: 80 });
  const kernel = new ConsoleKernel({
    codePath: project.path,
    boot: () => createApplication({ basePath: project.path }),
    useEnvironment: () => undefined,
    stdout: terminal,
    stderr: terminal,
  });
  await kernel.run([...line.split(' '), '--no-ansi']);
  return String(terminal.read());
}

test('on a terminal a bar counts, and those that failed are named when it is gone', async () => {
  const written = await onTerminal('tenants:down acme globex');
  expect(written).toMatch(/2\/2, 1 ok, 1 failed, .* to go/);
  expect(written).toMatch(/globex \.+ FAIL[^]*Failed: --tenants=globex/);
  expect(written).not.toMatch(/acme \.+/);
});

test.each(['-v', '-q'])('with %s there is no bar', async (option) => {
  const written = await onTerminal(`tenants:down acme globex ${option}`);
  expect(written).not.toContain('to go');
  expect(/acme \.+/.test(written)).toBe(option === '-v');
});
