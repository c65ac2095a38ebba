import type { Application } from '../lib/application';
import { ArtisanWorker } from './artisan-worker';
import { DoTask, ReportUsage } from './jobs';
import { CONCURRENCY, type QueueSide, type QueueWorker } from './queue-side';
import type { TaskReport } from './task';
import type { Usage } from './usage';

/** A queue of an application in a file of its own, both of this name. @param isQuiet whether its worker prints no lines */
export function triliteSide(app: Application, name: string, isQuiet = false): QueueSide {
  const queue = app.queue(name);
  const quiet = isQuiet ? ['--quiet'] : [];
  const words = [name, '--queue=default', `--concurrency=${CONCURRENCY}`, ...quiet];
  return {
    settings: `artisan queue:work ${words.join(' ')} > /dev/null`,
    dispatch: (task) => queue.dispatch(DoTask, task),
    dispatchAll: (tasks) => Promise.all(tasks.map((task) => queue.dispatch(DoTask, task))),
    startWorker: async () => workerOf(app, name, words),
    close: async () => undefined, // the application closes its files
  };
}

function workerOf(app: Application, name: string, words: readonly string[]): QueueWorker {
  const worker = new ArtisanWorker(app.basePath, words);
  return {
    report: () => worker.told<TaskReport>(),
    async usage() {
      const [answer] = await Promise.all([
        worker.told<Usage>(),
        app.queue(name).dispatch(ReportUsage),
      ]);
      return answer;
    },
    stop: () => worker.stop(),
  };
}
