import { appendFileSync, existsSync } from 'node:fs';
import { join } from 'node:path';
import {
  createTestApplication,
  describeTenantIsolation,
  type TenantIsolationOptions,
  type TestApplication,
} from 'trilite/testing';
import { CacheRepository } from '../../src/cache/cache-repository';
import { Database } from '../../src/database/database';
import type { Request } from '../../src/http/request';
import type { RouteFile } from '../../src/http/router';
import { QueueDispatcher } from '../../src/queue/queue-dispatcher';
import { isolationChecks } from '../../src/testing/isolation/isolation-checks';
import { jobOf } from '../helpers/jobs';
import { exportDefault, type TestProject } from '../helpers/project';
import { createProjectInMode } from '../helpers/tenants';

/*
 * The suite is run on an application that keeps its tenants apart, and has to fail on each of several that do not.
 */

interface Notes {
  notes: { readonly id: number; readonly text: string };
}

/** The application's own table, beside one for each tenant's notes. */
const MIGRATIONS = {
  'database/migrations/default/2026_01_01_000000_create_audit.js': `
    exports.default = {
      up: (db) => db.schema.createTable('audit').addColumn('text', 'text').execute(),
      down: (db) => db.schema.dropTable('audit').execute(),
    };`,
};

type Mode = 'files' | 'single';

let app: TestApplication;
const projects: TestProject[] = [];
/** How the application under test keeps its tenants. */
let mode: Mode = 'files';

function projectWith(files: Readonly<Record<string, string>> = {}): TestProject {
  const project = createProjectInMode(mode, { ...MIGRATIONS, ...files });
  projects.push(project);
  return project;
}

afterAll(() => {
  for (const project of projects) project.remove();
});

const db = () => app.make(Database) as unknown as import('kysely').Kysely<Notes>;

async function add(text: string): Promise<number> {
  const { insertId } = await db()
    .insertInto('notes')
    .values({ text } as never)
    .executeTakeFirstOrThrow();
  return Number(insertId);
}

const NoteJob = jobOf(
  async (payload) => {
    const text = (payload as { text: string }).text;
    await add(text);
    await app.make(CacheRepository).put('last', text);
  },
  { name: 'NoteJob' },
);

/** Routes as they should be. */
const routes: RouteFile = (route) => {
  route.get('/notes', () => db().selectFrom('notes').selectAll().execute());
  route.get('/notes/:id', async (request: Request) => {
    const id = Number(request.param('id'));
    const notes = db().selectFrom('notes').selectAll().where('id', '=', id);
    return (await notes.executeTakeFirst()) ?? {};
  });
  route.post('/notes', async (request: Request) => {
    const { text } = request.body as { text: string };
    await app.make(QueueDispatcher).dispatch(NoteJob, { text });
    return { id: await add(text) };
  });
};

/** What they dispatch is committed with the note, and relayed after it. */
const routesInTransactions: RouteFile = (route) => {
  route.post('/notes', async (request: Request) => {
    const { text } = request.body as { text: string };
    await app.make(Database).transaction(async (trx) => {
      await app.make(QueueDispatcher).dispatch(NoteJob, { text });
      await trx
        .insertInto('notes' as never)
        .values({ text })
        .execute();
    });
    return {};
  });
};

/** Proves an application with these routes. */
function optionsOf(
  tenantRoutes: RouteFile,
  more: Partial<TenantIsolationOptions> = {},
  project = projectWith(),
): TenantIsolationOptions {
  return {
    create: async () => {
      const jobs = [NoteJob, CentralJob, FileJob];
      app = await createTestApplication({ basePath: project.path, tenantRoutes, jobs });
      return app;
    },
    arrange: async ({ id, canary }) => {
      // Ids of their own, so that one of another tenant is none of this one's
      for (let times = id.charCodeAt(id.length - 1) - 96; times > 1; times -= 1) {
        await add('filler');
      }
      await app.make(CacheRepository).put('mine', canary);
      return { noteId: await add(`first note ${canary}`) };
    },
    requests: [
      { path: '/notes' },
      ({ values }) => ({ path: `/notes/${values['noteId']}` }),
      ({ canary }) => ({ method: 'POST', path: '/notes', body: { text: canary } }),
    ],
    jobs: [({ canary }) => ({ job: NoteJob, payload: { text: canary } })],
    ...more,
  };
}

/** A job that tells the application what is the tenant's. */
const CentralJob = jobOf(
  async (payload) => {
    const { text } = payload as { text: string };
    await app.tenancy.central(() =>
      app
        .make(Database)
        .insertInto('audit' as never)
        .values({ text } as never)
        .execute(),
    );
  },
  { name: 'CentralJob' },
);

const FileJob = jobOf(
  (payload) => {
    const { text, path } = payload as { text: string; path: string };
    appendFileSync(join(app.storagePath, path), text);
  },
  { name: 'FileJob' },
);

/** What the suite says of an application; '' when all is well. */
async function verdictOf(options: TenantIsolationOptions): Promise<string> {
  const words: string[] = [];
  // Two are enough to be mixed up; applications that pass are proved with three
  for (const { run } of isolationChecks({ tenants: 2, ...options })) {
    await run().catch((error: unknown) => words.push((error as Error).message));
  }
  return words.join('\n');
}

describe.each(['files', 'single'] as const)('in mode "%s"', (kept) => {
  mode = kept;
  beforeAll(() => {
    mode = kept;
  });
  const [table, file] = kept === 'files' ? ['notes', 'database'] : ['notes_all', 'default'];

  describe('an application that keeps its tenants apart passes', () => {
    describeTenantIsolation(optionsOf(routes));
  });

  describe('one whose jobs are still on their way from a transaction passes', () => {
    const post = ({ canary }: { canary: string }) => ({
      method: 'POST',
      path: '/notes',
      body: { text: canary },
    });
    const requests = [post, post, post];
    describeTenantIsolation(optionsOf(routesInTransactions, { requests, jobs: [] }));
  });

  test('a test application runs the jobs of its tenants', async () => {
    await optionsOf(routes).create();
    try {
      for (const id of ['acme', 'globex']) {
        await app.tenancy.create(id);
        await app.tenancy.run(id, () => app.queue().dispatch(NoteJob, { text: `of ${id}` }));
      }
      expect(await app.runJobs()).toBe(2);
      const notes = await app.tenancy.run('acme', () =>
        db().selectFrom('notes').select('text').execute(),
      );
      expect(notes).toEqual([{ text: 'of acme' }]);
    } finally {
      await app.close();
    }
  });

  describe('one that knows tenants by their paths passes', () => {
    const config = exportDefault(`{ mode: '${kept}', identification: { chain: ['path'] } }`);
    describeTenantIsolation(
      optionsOf(routes, { tenants: 2 }, projectWith({ 'config/tenancy.js': config })),
    );
  });

  describe('it fails', () => {
    test('where a cache of the module holds what another tenant was answered', async () => {
      const cached = new Map<string, unknown>();
      const verdict = await verdictOf(
        optionsOf(
          (route) => {
            route.get('/notes', async () => {
              if (!cached.has('notes')) {
                cached.set('notes', await db().selectFrom('notes').selectAll().execute());
              }
              return cached.get('notes');
            });
          },
          { requests: [{ path: '/notes' }], jobs: [] },
        ),
      );
      expect(verdict).toContain('GET /notes of "isolation-b" answered data of "isolation-a".');
      // The second application finds what the first one left
      expect(verdict).toContain('answered data of a tenant of an earlier application.');
    });

    test('where a singleton keeps the database of the first tenant that came', async () => {
      let kept: Database | undefined;
      const verdict = await verdictOf(
        optionsOf(
          (route) => {
            route.get('/notes', () => {
              kept ??= app.make(Database);
              return kept
                .selectFrom('notes' as never)
                .selectAll()
                .execute();
            });
          },
          { requests: [{ path: '/notes' }], jobs: [] },
        ),
      );
      expect(verdict).toContain(
        'GET /notes of "isolation-b" answered 500 in place of a status below 400.',
      );
    });

    test('where a job writes into a table of the application, unless it may', async () => {
      const jobs: TenantIsolationOptions['jobs'] = [
        ({ canary }) => ({ job: CentralJob, payload: { text: canary } }),
      ];
      const wrong = optionsOf(routes, { requests: [], jobs });
      const verdict = await verdictOf(wrong);
      expect(verdict).toContain(
        `Work of tenants changed the application's table "audit" (default).`,
      );
      expect(verdict).toContain(
        'Table "audit" of the application (default) holds data of "isolation-a".',
      );
      expect(await verdictOf({ ...wrong, allowCentral: ['audit'] })).toBe('');
    });

    test('where a request writes for another tenant', async () => {
      const verdict = await verdictOf(
        optionsOf(
          (route) => {
            route.post('/notes', async (request: Request) => {
              const { text } = request.body as { text: string };
              await app.tenancy.run('isolation-b', () => add(text), { allowSwitch: true });
              return {};
            });
          },
          {
            requests: [
              ({ canary }) => ({ method: 'POST', path: '/notes', body: { text: canary } }),
            ],
            jobs: [],
          },
        ),
      );
      expect(verdict).toContain(
        `Work of "isolation-a" changed table "${table}" of "isolation-b" (${file}).`,
      );
      expect(verdict).toContain(
        `Table "${table}" of "isolation-b" (${file}) holds data of "isolation-a".`,
      );
    });

    test('where an id is looked up among the rows of all', async () => {
      const all = new Map<string, string>();
      const verdict = await verdictOf(
        optionsOf(
          (route) => {
            route.get('/notes/:id', (request: Request) => ({ text: all.get(request.param('id')) }));
          },
          {
            requests: [({ values }) => ({ path: `/notes/${values['noteId']}` })],
            jobs: [],
            arrange: async ({ canary, id }) => {
              const noteId = await add(canary);
              all.set(`${noteId}${id}`, canary);
              return { noteId: `${noteId}${id}` };
            },
          },
        ),
      );
      expect(verdict).toMatch(
        /GET \/notes\/[12]isolation-b of "isolation-a" answered data of "isolation-b"/,
      );
    });

    test('where a job leaves files outside of its tenant’s folder, and not where it does inside', async () => {
      const verdictFor = (path: (id: string) => string): Promise<string> =>
        verdictOf(
          optionsOf(routes, {
            requests: [],
            jobs: [
              ({ id, canary }) => ({ job: FileJob, payload: { text: canary, path: path(id) } }),
            ],
          }),
        );
      const verdict = await verdictFor(() => 'export.csv');
      expect(verdict).toContain(
        'Work of "isolation-a" changed "export.csv" in the storage folder.',
      );
      expect(verdict).toMatch(/"export\.csv" holds data of "isolation-[abc]"/);
      expect(await verdictFor((id) => `tenants/${id}/export.csv`)).toBe('');
    });

    test('where a job fails, and where nothing was proved', async () => {
      const failing = optionsOf(routes, {
        requests: [],
        jobs: [{ job: NoteJob, payload: null }],
      });
      expect(await verdictOf(failing)).toContain('A job of "isolation-a": ');
      const empty = optionsOf((route) => route.get('/empty', () => ({})), {
        requests: [{ path: '/empty' }],
        jobs: [],
        arrange: async () => undefined,
      });
      expect(await verdictOf(empty)).toContain('No canary of "isolation-a", "isolation-b"');
    });

    test('for an application without tenants, and leaves nothing open', async () => {
      const project = projectWith({ 'config/tenancy.js': exportDefault('{}') });
      const options = optionsOf(routes, { jobs: [] }, project);
      expect(await verdictOf({ ...options, arrange: async () => undefined })).toContain(
        'It has no tenants',
      );
      expect(existsSync(app.storagePath)).toBe(false);
    });
  });
});
