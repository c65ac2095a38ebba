import { join } from 'node:path';
import { createApplication, type Application, type JobClass, type JobHandle } from 'trilite';
import type { DispatchOptions } from '../../src/queue/queue-dispatcher';
import { artisan as artisanIn, type ArtisanResult } from './artisan';
import { ARTISAN_FILE, ArtisanProcess } from './artisan-process';
import { copyProject, createProject, exportDefault, type TestProject } from './project';
import { Listener, TALKING_JOBS } from './talking-jobs';

type JobName = 'Talk' | 'Mail' | 'Break' | 'Sleep' | 'Block';

export let project: TestProject;
/** The test's own, on the files of the project. */
export let app: Application;
export let listener: Listener;
const started: ArtisanProcess[] = [];

/**
 * Gives a file of tests a project whose workers run in processes of their own, and ends those that a test started after it. Each test has a copy
 * of its own, unless the project is `shared`: then each leaves no job behind that another one would run.
 */
export function useWorkerProject({
  shared = false,
  http = '{}',
}: { shared?: boolean; http?: string } = {}): void {
  let migrated: TestProject;

  beforeAll(async () => {
    migrated = createProject({
      'artisan.js': ARTISAN_FILE,
      'app/jobs/jobs.js': TALKING_JOBS,
      'config/app.js': exportDefault(`{ env: 'testing', http: ${http} }`),
      'config/queue.js': exportDefault(`{
        default: 'sqlite',
        connections: {
          sqlite: { driver: 'sqlite', connection: 'queue' },
          // The same jobs, by workers who look three times a second at what they are told
          brisk: { driver: 'sqlite', connection: 'queue', lease: '1s' },
          sync: { driver: 'sync' },
        },
      }`),
    });
    await artisanIn(migrated, 'migrate');
  });

  afterAll(() => migrated.remove());

  (shared ? beforeAll : beforeEach)(async () => {
    project = copyProject(migrated);
    app = await createApplication({ basePath: project.path });
    listener = await Listener.at(project.path);
  });

  afterEach(() => Promise.all(started.splice(0).map((one) => one.kill())));

  (shared ? afterAll : afterEach)(async () => {
    await listener.close();
    await app.close();
    project.remove();
  });
}

/** Starts a command in a process. */
export function start(line: string): ArtisanProcess {
  const child = new ArtisanProcess(project, line.split(' '));
  started.push(child);
  return child;
}

/** Runs a command in this process. */
export function artisan(line: string): Promise<ArtisanResult> {
  return artisanIn(project, line);
}

export function dispatch(
  name: JobName,
  payload: unknown = null,
  options: DispatchOptions = {},
): Promise<JobHandle> {
  const jobs = require(join(project.path, 'app/jobs/jobs.js')) as Record<
    JobName,
    JobClass & (new () => { handle(payload: unknown): void })
  >;
  return app.queue().dispatch(jobs[name], payload, options);
}
