import { createServer, type Server } from 'node:http';
import { Database, startSession, type MiddlewareEntry, type RouteFile } from 'trilite';
import { createTestApplication, travelBack, type TestApplication } from 'trilite/testing';
import { newAppKey } from '../../src/support/app-key';
import { createProject, exportDefault, type TestProject } from './project';
import { Visitor } from './visitor';

/** An application with sessions, and a server in front of it. */
export let app: TestApplication;
export let project: TestProject;
export let server: Server;

/** Closes what the tests of a file open. */
export function useSessions(): void {
  afterEach(async () => {
    travelBack();
    await new Promise((resolve) => {
      server.close(resolve);
      server.closeAllConnections();
    });
    await app.close();
    project.remove();
  });
}

/** Opens an application with routes and the text of config/session.js, and gives its first visitor. */
export async function visit(
  routes: RouteFile,
  session = '{}',
  middleware: readonly MiddlewareEntry[] = [startSession],
): Promise<Visitor> {
  project = createProject({
    'config/app.js': exportDefault(`{ key: '${newAppKey()}' }`),
    'config/session.js': exportDefault(session),
  });
  app = await createTestApplication({
    basePath: project.path,
    routes: (route) => route.group({ middleware }, routes),
  });
  server = createServer(app.http().handler);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return new Visitor(server);
}

/** The rows of the table. */
export const rows = (): Promise<unknown[]> =>
  app
    .make(Database)
    .selectFrom('sessions' as never)
    .selectAll()
    .execute();

/** The first of them. */
export const row = async (): Promise<Record<string, unknown>> =>
  (await rows())[0] as Record<string, unknown>;

/** Routes that most tests need. */
export const basics: RouteFile = (route) => {
  route.get('/all', ({ session }) => session.all());
  route.get('/none', () => 'nothing');
  route.post('/put', ({ session, body }) => {
    for (const [key, value] of Object.entries(body as object)) session.put(key, value);
  });
  route.post('/forget/:key', (request) => request.session.forget(request.param('key')));
  route.post('/login', async ({ session }) => {
    await session.regenerate();
    session.put('user', 'ada');
  });
  route.post('/logout', ({ session }) => session.invalidate());
  route.get('/token', ({ session }) => session.token());
};
