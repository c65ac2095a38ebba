import { join } from 'node:path';
import {
  createApplication,
  job,
  type Application,
  type JobClass,
  type JobHandle,
  type JobRecord,
} from 'trilite';
import { travelBack } from 'trilite/testing';
import { artisan as artisanIn, type ArtisanResult } from './artisan';
import { createProject, exportDefault, type TestProject } from './project';

/** A project with jobs for the commands of the queue; the test's own application works on the same files. */

const JOBS = `
  exports.Mail = class Mail { handle() {} };
  exports.Break = class Break {
    static options = { queue: 'breaking' };
    handle(name) { throw new Error('It broke: ' + name); }
  };
  exports.Once = class Once {
    static options = { unique: true };
    handle() { throw new Error('Not yet'); }
  };
  exports.Wordy = class Wordy {
    static options = { tries: 2 };
    static tags = ({ order }) => ['order:' + order];
    async handle(payload, { log, progress, attempt }) {
      await log('Looks at ' + payload.order);
      await progress(40);
      if (attempt === 1) throw new Error('Too early');
    }
  };`;

type JobName = 'Mail' | 'Break' | 'Once' | 'Wordy';

export let project: TestProject;
export let app: Application;
export let jobs: Record<JobName, JobClass & (new () => { handle(payload: unknown): void })>;

/** Gives every test of a file a project of its own. */
export function useQueueProject(): void {
  beforeEach(() => start('testing'));

  afterEach(async () => {
    travelBack();
    await stop();
  });
}

/** Another project than the one of before each test. */
export async function startInProduction(): Promise<void> {
  await stop();
  await start('production');
}

async function start(env: string): Promise<void> {
  project = createProject({
    'app/jobs/jobs.js': JOBS,
    'config/app.js': exportDefault(`{ env: '${env}' }`),
    'config/queue.js': exportDefault(`{
      default: 'sqlite',
      connections: {
        sqlite: { driver: 'sqlite', connection: 'queue' },
        sync: { driver: 'sync' }, none: { driver: 'null' }, memory: { driver: 'memory' },
        safe: { driver: 'failover', connections: ['sqlite', 'memory'] },
      },
    }`),
  });
  await artisan('migrate');
  app = await createApplication({ basePath: project.path });
  jobs = require(join(project.path, 'app/jobs/jobs.js')) as typeof jobs;
}

async function stop(): Promise<void> {
  await app.close();
  project.remove();
}

export function artisan(line: string): Promise<ArtisanResult> {
  return artisanIn(project, line);
}

/** What a command prints as JSON. */
export async function json<T = unknown>(line: string): Promise<{ code: number; value: T }> {
  const { code, out } = await artisan(`${line} --json`);
  return { code, value: JSON.parse(out) as T };
}

export function dispatch(name: JobName, payload: unknown = null): Promise<JobHandle> {
  return app.queue().dispatch(jobs[name], payload);
}

/** A job for a batch. */
export function pending(name: JobName) {
  return job(jobs[name], null);
}

/** Runs what is due. */
export function work(): Promise<ArtisanResult> {
  return artisan('queue:work --stop-when-empty --queue=default,breaking');
}

/** Dispatches a job that breaks, and lets it. */
export async function failed(name: 'Break' | 'Once' = 'Break', payload?: unknown): Promise<string> {
  const { id } = await dispatch(name, payload);
  await work();
  return id;
}

export async function stateOf(id: string): Promise<JobRecord['state'] | undefined> {
  return (await app.queue().find(id))?.state;
}

/** The latest first. */
export async function failedIds(): Promise<string[]> {
  return (await app.queues.store().failed()).map(({ id }) => id);
}
