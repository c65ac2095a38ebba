import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import Driver from 'better-sqlite3';
import type { Application } from '../../../src/application';
import * as shutdown from '../../../src/console/shutdown';
import { clock } from '../../../src/support/clock';
import { artisan, type ArtisanResult } from '../../helpers/artisan';
import {
  copyFolder,
  Moments,
  tellHandingOver,
  usualNamesIn,
  type Moment,
} from '../../helpers/moments';
import type { TestProject } from '../../helpers/project';
import {
  createTenantProject,
  notesIn,
  openTenantApplication,
  writeNote,
} from '../../helpers/tenants';

const SCRIPT = join(__dirname, '../../fixtures/kill/hand-over.js');

/** Stops tried on the way. */
const STOPS = 8;

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
  mkdirSync(tenants(here, 'acme/files/below'));
  writeBlob(100_000);
});

afterEach(() => jest.restoreAllMocks());

afterAll(() => {
  here.remove();
  there.remove();
});

const tenants = (project: TestProject, ...path: string[]): string =>
  join(project.path, 'storage/tenants', ...path);

function writeBlob(bytes: number): void {
  writeFileSync(tenants(here, 'acme/files/below/blob'), randomBytes(bytes));
}

async function open(project: TestProject, work: (app: Application) => Promise<void>) {
  const app = await openTenantApplication(project);
  try {
    await work(app);
  } finally {
    await app.close();
  }
}

/** Runs a command in a process that a signal ends before the first step that is like that. @returns how it ended */
function runUntil(project: TestProject, signal: string, step: RegExp, argv: readonly string[]) {
  const parameters = [SCRIPT, project.path, signal, step.source, ...argv];
  const { status, signal: endedBy } = spawnSync(process.execPath, parameters);
  return status ?? endedBy;
}

/** Runs a command in a process to its end: what it would leave, were it killed, at each step. */
function momentsOf(project: TestProject, argv: readonly string[]): Moments {
  const moments = new Moments();
  const parameters = [SCRIPT, project.path, 'keep', moments.root, ...argv];
  expect(spawnSync(process.execPath, parameters)).toMatchObject({ status: 0 });
  moments.take();
  expect(moments.steps.length).toBeGreaterThan(50);
  return moments;
}

/** One of all that differ in nothing but what is in files that are put together: those have names, and nobody reads them. */
function distinct(moments: Moments): Moment[] {
  const isFinished = (name: string): boolean => !/\/\.creating\/|\.partial/.test(name);
  const factsOf = ({ path }: Moment): string =>
    namesIn(path)
      .map((name) => `${name} ${isFinished(name) ? textOf(join(path, name)) : ''}`)
      .join('\n');
  return [...new Map(moments.all.map((moment) => [factsOf(moment), moment])).values()];
}

function textOf(path: string): string {
  return statSync(path).isFile() ? readFileSync(path, 'latin1') : '';
}

function namesIn(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' }).sort();
}

/** Runs a command to which a signal comes at a step; 0 is never. */
async function stopAt(step: number, project: TestProject, argv: readonly string[]) {
  let stop: ((signal: NodeJS.Signals) => void) | undefined;
  jest.spyOn(shutdown, 'onShutdown').mockImplementation((listener) => {
    stop = listener;
    return () => (stop = undefined);
  });
  let steps = 0;
  const stopTelling = tellHandingOver(Driver, () => {
    steps += 1;
    // When what runs has returned, as signals come
    if (steps === step) setImmediate(() => stop?.('SIGINT'));
  });
  try {
    return { ...(await artisan(project, argv)), steps };
  } finally {
    stopTelling();
  }
}

/** Some steps on the way, the first and the last among them. */
function someOf(steps: number): number[] {
  expect(steps).toBeGreaterThan(50);
  return Array.from({ length: STOPS }, (_, index) =>
    Math.round(1 + (index * (steps - 1)) / (STOPS - 1)),
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

const exporting = (to = archive) => ['tenants:export', 'acme', `--output=${to}`, '--force'];
const importing = (id: string) => ['tenants:import', archive, `--id=${id}`, `--slug=${id}`];

const isWhole = async (file: string): Promise<boolean> =>
  (await artisan(there, ['tenants:import', file, '--dry-run'])).code === 0;

/** A process that is killed at such a step leaves what lay there at it in another run. */
function expectKillToLeave(moments: Moments, step: RegExp, argv: (path: string) => string[]) {
  const [first] = moments.all;
  const path = `${first?.path}-killed`;
  copyFolder(String(first?.path), path);
  const moment = moments.before(moments.steps.findIndex((one) => step.test(one)));
  expect(runUntil({ ...here, path }, 'SIGKILL', step, argv(path))).toBe('SIGKILL');
  expect(usualNamesIn(path)).toEqual(usualNamesIn(moment.path));
}

describe('an export', () => {
  let moments: Moments;

  beforeAll(() => {
    moments = momentsOf(here, exporting());
  });

  beforeEach(() => rmSync(archive, { force: true }));

  afterAll(() => moments.remove());

  test('that is killed leaves what was looked at', () => {
    const publish = /renameSync .*\/outbox\//;
    expectKillToLeave(moments, publish, (path) => exporting(join(path, 'outbox/acme.tar.gz')));
  });

  test('that is killed leaves no archive or a whole one, and the next one clears its traces away', async () => {
    let traces = 0;
    for (const { path } of distinct(moments)) {
      const left: TestProject = { ...here, path };
      const file = join(path, 'outbox/acme.tar.gz');
      expect(!existsSync(file) || (await isWhole(file))).toBe(true);
      expect(await artisan(left, exporting(file))).toMatchObject({ code: 0 });
      expect(readdirSync(join(path, 'outbox'))).toEqual(['acme.tar.gz']);
      traces += readdirSync(tenants(left, '.creating')).length;
      expect(await later(left, 'tenants:doctor --fix')).toMatchObject({ code: 0 });
      expect(readdirSync(tenants(left, '.creating'))).toEqual([]);
    }
    expect(traces).toBeGreaterThan(1);
  });

  test('that is stopped leaves nothing', async () => {
    const { steps } = await stopAt(0, here, exporting());
    let stopped = 0;
    for (const step of someOf(steps)) {
      rmSync(archive, { force: true });
      const { code } = await stopAt(step, here, exporting());
      if (code === 130) stopped += 1;
      // Once it is there, nothing is taken back
      expect(readdirSync(outbox)).toEqual(code === 130 ? [] : ['acme.tar.gz']);
      expect(readdirSync(tenants(here, '.creating'))).toEqual([]);
    }
    expect(stopped).toBeGreaterThan(STOPS / 4);
  });

  test('that a signal stops leaves nothing', () => {
    expect(runUntil(here, 'SIGINT', /createWriteStream/, exporting())).toBe(130);
    expect(readdirSync(outbox)).toEqual([]);
    expect(readdirSync(tenants(here, '.creating'))).toEqual([]);
  });
});

describe('an import', () => {
  let moments: Moments;

  // The first of a project takes steps that no later one does
  beforeAll(async () => {
    expect(await artisan(here, exporting())).toMatchObject({ code: 0 });
    moments = momentsOf(there, importing('killed'));
  });

  afterAll(() => moments.remove());

  test('that is killed leaves what was looked at', () => {
    const place = /renameSync .*\/killed\./;
    expectKillToLeave(moments, place, () => importing('killed'));
  });

  test('that is killed leaves the whole tenant or none, and "tenants:doctor" clears its traces away', async () => {
    const left = distinct(moments);
    const free: TestProject[] = [];
    for (const { path } of left) {
      const project: TestProject = { ...there, path };
      expect(await later(project, 'tenants:doctor --fix')).toMatchObject({ code: 0 });
      expect(readdirSync(tenants(project, '.creating'))).toEqual([]);
      if (!(await hasWhole(project, 'killed'))) free.push(project);
    }
    expect(left.length - free.length).toBeGreaterThan(1);
    for (const project of [free[0], free.at(-1)]) {
      expect(project && (await artisan(project, importing('killed')))).toMatchObject({ code: 0 });
    }
  });

  test('that is stopped leaves the whole tenant or none', async () => {
    const { steps } = await stopAt(0, there, importing('second'));
    let stopped = 0;
    for (const step of someOf(steps)) {
      const id = `stopped-${step}`;
      const { code } = await stopAt(step, there, importing(id));
      if (code === 130) stopped += 1;
      expect(await hasWhole(there, id)).toBe(code !== 130);
      expect(readdirSync(tenants(there, '.creating'))).toEqual([]);
    }
    expect(stopped).toBeGreaterThan(STOPS / 4);
    expect((await artisan(there, 'tenants:doctor')).code).toBe(0);
  });

  test('that a signal stops leaves nothing', async () => {
    expect(runUntil(there, 'SIGINT', /createWriteStream/, importing('signal'))).toBe(130);
    expect(await hasWhole(there, 'signal')).toBe(false);
    expect(readdirSync(tenants(there, '.creating'))).toEqual([]);
  });

  async function hasWhole(project: TestProject, id: string): Promise<boolean> {
    let isThere = false;
    await open(project, async (app) => {
      isThere = (await app.tenancy.find(id)) !== undefined;
      expect(existsSync(tenants(project, id))).toBe(isThere);
      if (isThere) expect(await app.tenancy.run(id, () => notesIn(app))).toEqual(['of acme']);
    });
    return isThere;
  }
});

describe('where no more can be written', () => {
  /** No file may be longer than that: for the process it is as if the disk were full. */
  const LIMIT_KB = 1536;

  beforeAll(() => {
    writeBlob(2 * LIMIT_KB * 1024);
    rmSync(archive, { force: true });
  });

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
        'never',
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
