import type { Job } from 'trilite';
import { TaskLog, type Task } from './task';
import { usage } from './usage';

// The jobs of the applications that the queue benchmarks make. They tell the process that started the worker.

const log = new TaskLog();

/** A job with nothing to do. */
export class DoTask implements Job<Task> {
  handle(task: Task): void {
    const report = log.handle(task);
    if (report !== undefined) process.send?.(report);
  }
}

/** Tells what the worker's process has used. */
export class ReportUsage implements Job {
  handle(): void {
    process.send?.(usage());
  }
}
