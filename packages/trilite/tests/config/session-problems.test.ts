import { loadConfig } from '../../src/config/load-config';
import { projectAt } from '../../src/config/project';
import { createProject, exportDefault, type TestProject } from '../helpers/project';

let project: TestProject;

afterEach(() => project.remove());

function load(session: string | undefined, files: Record<string, string> = {}) {
  project = createProject({
    ...(session !== undefined && { 'config/session.js': exportDefault(session) }),
    ...files,
  });
  return loadConfig(projectAt(project.path)).session;
}

test('without config/session.ts, sessions lie on the default connection for two hours', () => {
  const files = { 'config/app.js': exportDefault("{ name: 'Über App 2' }") };
  expect(load(undefined, files)).toMatchObject({
    connection: 'default',
    cookie: '_ber_app_2_session',
    lifetime: 7_200_000,
    maxLifetime: 30 * 86_400_000,
    sameSite: 'lax',
    secure: 'auto',
  });
});

test('sessions may lie on another connection, but on none that a cache may throw away', () => {
  expect(load("{ connection: 'queue' }").connection).toBe('queue');
  project.remove();
  expect(() => load("{ connection: 'cache' }")).toThrow(/"connection": found 'cache'/);
  project.remove();
  expect(() => load("{ connection: 'nowhere' }")).toThrow(/one of 'default', 'queue'/);
});

test('where tenants have files of their own, sessions lie in one of those', () => {
  const files = {
    'config/tenancy.js': exportDefault("{ mode: 'files' }"),
    'config/database.js': exportDefault(`{
      default: 'default',
      connections: {
        default: { driver: 'sqlite', file: 'database.sqlite' },
        cache: { driver: 'sqlite', file: 'cache.sqlite' },
        queue: { driver: 'sqlite', file: 'queue.sqlite' },
        sessions: { driver: 'sqlite', file: 'sessions.sqlite' },
      },
    }`),
  };
  expect(() => load("{ connection: 'sessions' }", files)).toThrow(/one of 'default', 'queue'/);
  project.remove();
  const own = { 'config/database.js': files['config/database.js'] };
  expect(load("{ connection: 'sessions' }", own).connection).toBe('sessions');
});

test('a wrong value is named', () => {
  expect(() => load("{ lifetime: '10s' }")).toThrow(/"lifetime"/);
  project.remove();
  expect(() => load("{ cookie: 'a;b' }")).toThrow(/"cookie"/);
  project.remove();
  expect(() => load("{ sameSite: 'never' }")).toThrow(/"sameSite"/);
});
