import { join } from 'node:path';
import { createApplication, type Application, type JobClass, type JobHandle } from 'trilite';
import type { DispatchOptions } from '../../src/queue/queue-dispatcher';
import { artisan as artisanIn, type ArtisanResult } from './artisan';
import { ARTISAN_FILE, ArtisanProcess } from './artisan-process';
import { createProject, exportDefault, type TestProject } from './project';
import { Listener, TALKING_JOBS } from './talking-jobs';

type JobName = 'Talk' | 'Mail' | 'Break' | 'Sleep' | 'Block';

export let project: TestProject;
/** The test's own, on the files of the project. */
export let app: Application;
export let listener: Listener;
let started: ArtisanProcess[];

/** Gives every test of a file a project whose workers run in processes of their own, and ends them after it. */
export function useWorkerProject(): void {
  beforeEach(async () => {
    project = createProject({
      'artisan.js': ARTISAN_FILE,
      'app/jobs/jobs.js': TALKING_JOBS,
      'config/app.js': exportDefault("{ env: 'testing' }"),
    });
    started = [];
    await artisanIn(project, 'migrate');
    app = await createApplication({ basePath: project.path });
    listener = await Listener.at(project.path);
  });

  afterEach(async () => {
    await listener.close();
    await Promise.all(started.map((one) => one.kill()));
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
