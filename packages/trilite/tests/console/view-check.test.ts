import { artisan } from '../helpers/artisan';
import { createProject, type TestProject } from '../helpers/project';

let project: TestProject;

afterEach(() => project.remove());

test('view:check names each template that is not valid, with its line', async () => {
  project = createProject({
    'resources/views/good.eta': '<%= it.x %>',
    'resources/views/bad.eta': '\n<%= it..x %>',
    'resources/views/deep/open.eta': '<% if (it.x) { %>',
  });
  const { code, out } = await artisan(project, 'view:check');
  expect(code).toBe(1);
  expect(out).toContain('resources/views/bad.eta, line 2');
  expect(out).toContain('resources/views/deep/open.eta, line 1');
  expect(out).not.toContain('good');
});

test('view:check --json says it of every view', async () => {
  project = createProject({
    'resources/views/good.eta': '',
    'resources/views/bad.eta': '<%= 1',
  });
  const { code, out } = await artisan(project, 'view:check --json');
  expect(code).toBe(1);
  expect(JSON.parse(out)).toEqual([
    { view: 'bad', error: expect.stringContaining('line 1') },
    { view: 'good', error: null },
  ]);
});

test('view:check ends well where every view is valid', async () => {
  project = createProject({ 'resources/views/good.eta': '' });
  expect(await artisan(project, 'view:check')).toMatchObject({
    code: 0,
    out: expect.stringContaining('All 1 views are valid'),
  });
});
