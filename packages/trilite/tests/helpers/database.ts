import { Database, sql } from 'trilite';
import { createTestApplication, type TestApplication } from 'trilite/testing';
import { createProject, type TestProject } from './project';

export let db: Database;
let project: TestProject;
let app: TestApplication;

/** Gives every test of a file a database of its own, in which these statements have run. */
export function useDatabase(...statements: readonly string[]): void {
  beforeEach(async () => {
    project = createProject();
    app = await createTestApplication({ basePath: project.path });
    db = app.make(Database);
    for (const statement of statements) await sql.raw(statement).execute(db);
  });

  afterEach(async () => {
    await app.close();
    project.remove();
  });
}
