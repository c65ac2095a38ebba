import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Application } from '../../../src/application';
import { clock } from '../../../src/support/clock';
import { artisan, type ArtisanResult } from '../../helpers/artisan';
import type { TestProject } from '../../helpers/project';
import {
  createTenantProject,
  notesIn,
  openTenantApplication,
  writeNote,
} from '../../helpers/tenants';

const SCRIPT = join(__dirname, '../../fixtures/kill/hand-over.js');

/** Ends tried on the way; each takes a process of its own. */
const ENDS = 8;

const BLOB = 3 * 1024 * 1024;

let here: TestProject;
let there: TestProject;
/** Holds the archive and nothing else. */
let outbox: string;
let archive: string;

beforeAll(async () => {
  here = createTenantProject();
  there = createTenantProject();
  outbox = join(here.path, 'outbox');
  archive = join(outbox, 'acme.tar.gz');
  mkdirSync(outbox);
  await open(here, async (app) => {
    await app.tenancy.create('acme');
    await app.tenancy.run('acme', () => writeNote(app, 'of acme'));
  });
  await open(there, async (app) => {
    await app.tenancy.create('globex');
  });
  const files = tenants(here, 'acme/files/below');
  mkdirSync(files);
  writeFileSync(join(files, 'blob'), randomBytes(BLOB));
});

beforeEach(() => {
  rmSync(outbox, { recursive: true });
  mkdirSync(outbox);
});

afterEach(() => jest.restoreAllMocks());

afterAll(() => {
  here.remove();
  there.remove();
});

const tenants = (project: TestProject, ...path: string[]): string =>
  join(project.path, 'storage/tenants', ...path);

async function open(project: TestProject, work: (app: Application) => Promise<void>) {
  const app = await openTenantApplication(project);
  try {
    await work(app);
  } finally {
    await app.close();
  }
}

/** Runs a command in a process that is ended at a step; 0 is never. */
function runUntil(project: TestProject, signal: string, step: number, ...argv: readonly string[]) {
  const parameters = [SCRIPT, project.path, signal, String(step), ...argv];
  const { stdout, status } = spawnSync(process.execPath, parameters, { encoding: 'utf8' });
  return { status, steps: Number(/steps: (\d+)/.exec(stdout)?.[1]), text: stdout };
}

/** Some steps on the way, the first and the last among them. */
function someOf(steps: number): number[] {
  expect(steps).toBeGreaterThan(ENDS);
  return Array.from({ length: ENDS }, (_, index) =>
    Math.round(1 + (index * (steps - 1)) / (ENDS - 1)),
  );
}

/** Runs a command when nobody is at work any more. */
async function later(project: TestProject, line: string): Promise<ArtisanResult> {
  const now = jest.spyOn(clock, 'now').mockImplementation(() => Date.now() + 3_600_000);
  try {
    return await artisan(project, line);
  } finally {
    now.mockRestore();
  }
}

const exporting = () => ['tenants:export', 'acme', `--output=${archive}`, '--force'];
const importing = (id: string) => ['tenants:import', archive, `--id=${id}`, `--slug=${id}`];

const isWhole = async (): Promise<boolean> =>
  (await artisan(there, ['tenants:import', archive, '--dry-run'])).code === 0;

describe('an export', () => {
  test('that is killed leaves no archive or a whole one, and the next one clears its traces away', async () => {
    const { steps } = runUntil(here, 'SIGKILL', 0, ...exporting());
    for (const step of someOf(steps)) {
      rmSync(archive, { force: true });
      runUntil(here, 'SIGKILL', step, ...exporting());
      expect({ step, isWhole: !existsSync(archive) || (await isWhole()) }).toEqual({
        step,
        isWhole: true,
      });
    }
    expect(await artisan(here, exporting())).toMatchObject({ code: 0 });
    expect(readdirSync(outbox)).toEqual(['acme.tar.gz']);
    expect(readdirSync(tenants(here, '.creating'))).not.toEqual([]);
    expect(await later(here, 'tenants:doctor --fix')).toMatchObject({ code: 0 });
    expect(readdirSync(tenants(here, '.creating'))).toEqual([]);
  });

  test('that is stopped leaves nothing', async () => {
    const { steps } = runUntil(here, 'SIGINT', 0, ...exporting());
    let stopped = 0;
    for (const step of someOf(steps)) {
      rmSync(archive, { force: true });
      const { status } = runUntil(here, 'SIGINT', step, ...exporting());
      if (status === 130) stopped += 1;
      // Once it is there, a signal may end the process as it ends any
      expect(readdirSync(outbox)).toEqual(status === 130 ? [] : ['acme.tar.gz']);
      expect(readdirSync(tenants(here, '.creating'))).toEqual([]);
    }
    expect(stopped).toBeGreaterThan(ENDS / 4);
  });
});

describe('an import', () => {
  // The first of a project takes steps that no later one does
  beforeAll(async () => {
    await artisan(here, exporting());
    runUntil(there, 'SIGKILL', 0, ...importing('earlier'));
  });

  beforeEach(async () => {
    expect(await artisan(here, exporting())).toMatchObject({ code: 0 });
  });

  test('that is killed leaves the whole tenant or none, and "tenants:doctor" clears its traces away', async () => {
    const { steps } = runUntil(there, 'SIGKILL', 0, ...importing('first'));
    const ids = someOf(steps).map((step) => {
      const id = `killed-${step}`;
      expect(runUntil(there, 'SIGKILL', step, ...importing(id)).status).not.toBe(0);
      return id;
    });
    expect(await later(there, 'tenants:doctor --fix')).toMatchObject({ code: 0 });
    expect(readdirSync(tenants(there, '.creating'))).toEqual([]);
    await open(there, async (app) => {
      for (const id of ids) {
        const tenant = await app.tenancy.find(id);
        expect(existsSync(tenants(there, id))).toBe(tenant !== undefined);
        if (tenant === undefined) continue;
        expect(await app.tenancy.run(id, () => notesIn(app))).toEqual(['of acme']);
      }
    });
    const free = ids.find((id) => !existsSync(tenants(there, id))) ?? '';
    expect(await artisan(there, importing(free))).toMatchObject({ code: 0 });
  });

  test('that is stopped leaves the whole tenant or none', async () => {
    const { steps } = runUntil(there, 'SIGINT', 0, ...importing('second'));
    let stopped = 0;
    for (const step of someOf(steps)) {
      const id = `stopped-${step}`;
      const { status } = runUntil(there, 'SIGINT', step, ...importing(id));
      if (status === 130) stopped += 1;
      expect(existsSync(tenants(there, id))).toBe(status !== 130);
      expect(readdirSync(tenants(there, '.creating'))).toEqual([]);
    }
    expect(stopped).toBeGreaterThan(ENDS / 4);
    expect((await artisan(there, 'tenants:doctor')).code).toBe(0);
  });
});

describe('where no more can be written', () => {
  /** No file may be longer than that: for the process it is as if the disk were full. */
  const LIMIT_KB = BLOB / 1024 / 2;

  const runLimited = (project: TestProject, argv: readonly string[]) =>
    spawnSync(
      'bash',
      [
        '-c',
        `ulimit -f ${LIMIT_KB}; exec "$0" "$@"`,
        process.execPath,
        SCRIPT,
        project.path,
        'SIGKILL',
        '0',
        ...argv,
      ],
      { encoding: 'utf8' },
    );

  test('an export and an import say so, and leave nothing', async () => {
    const full = runLimited(here, exporting());
    expect(full).toMatchObject({ status: 1 });
    expect(full.stderr).toContain('E_TENANT_ARCHIVE_FULL');
    expect(readdirSync(outbox)).toEqual([]);
    expect(readdirSync(tenants(here, '.creating'))).toEqual([]);
    expect(await artisan(here, exporting())).toMatchObject({ code: 0 });
    const stopped = runLimited(there, importing('third'));
    expect(stopped).toMatchObject({ status: 1 });
    expect(stopped.stderr).toContain('E_TENANT_ARCHIVE_FULL');
    expect(existsSync(tenants(there, 'third'))).toBe(false);
    expect(readdirSync(tenants(there, '.creating'))).toEqual([]);
  });
});
