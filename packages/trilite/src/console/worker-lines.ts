import { clock } from '../support/clock';
import { humanDuration } from '../support/duration';
import { FrameworkError, messageOf } from '../support/errors';
import type { ClaimedJob } from '../queue/queue-store';
import type { WorkerEvent } from '../queue/worker';
import type { Output } from './output';

/** How a worker's lines look. */
export interface WorkerLinesOptions {
  readonly json: boolean;
  /** Whether lines carry the job's id and queue. */
  readonly verbose: boolean;
}

/** Prints what a worker tells: a line when a job begins, and one when it ends. */
export class WorkerLines {
  readonly #output: Output;
  readonly #options: WorkerLinesOptions;

  constructor(output: Output, options: WorkerLinesOptions) {
    this.#output = output;
    this.#options = options;
  }

  print(event: WorkerEvent): void {
    if (this.#options.json) return this.#output.result(JSON.stringify(toJson(event)));
    switch (event.kind) {
      case 'error':
        return this.#output.error(
          messageOf(event.error),
          event.error instanceof FrameworkError ? event.error.help : undefined,
        );
      case 'recovered':
        return this.#row(
          `${event.recovered.job} ${event.recovered.id}`,
          this.#output.colors.yellow(`RECOVERED, ${event.recovered.outcome.toUpperCase()}`),
        );
      case 'running':
        return this.#row(this.#name(event.job), this.#output.colors.yellow('RUNNING'));
      default:
        return this.#ended(event);
    }
  }

  #ended(event: Extract<WorkerEvent, { tookMs: number }>): void {
    const { bold, dim, green, red, yellow } = this.#output.colors;
    const result = {
      done: green('DONE'),
      retry: yellow('FAIL, WILL RETRY'),
      failed: red('FAIL'),
      released: yellow('RELEASED'),
      lost: red('LEASE LOST'),
    };
    this.#row(
      this.#name(event.job),
      `${dim(humanDuration(event.tookMs))} ${bold(result[event.kind])}`,
    );
    if ('error' in event) this.#reason(event.error);
  }

  /** What went wrong, and where in the application; the whole is kept with the failed job. */
  #reason(error: Error): void {
    const { dim, red } = this.#output.colors;
    const frames = String(error.stack)
      .split('\n')
      .filter((line) => line.startsWith('    at '));
    const own = frames.find((line) => !/node_modules|node:|trilite\/dist/.test(line)) ?? '';
    this.#output.line(
      `    ${red(messageOf(error).split('\n')[0] ?? '')}${dim(own.trim() && ` ${own.trim()}`)}`,
    );
  }

  #row(left: string, right: string): void {
    this.#output.twoColumn(`${this.#output.colors.dim(timestamp())} ${left}`, right);
  }

  #name({ job, id, queue, attempts }: ClaimedJob): string {
    const { dim } = this.#output.colors;
    return this.#options.verbose ? `${job} ${dim(`${id} ${queue} #${attempts}`)}` : job;
  }
}

function timestamp(): string {
  return clock.date().toISOString().slice(0, 19).replace('T', ' ');
}

function toJson(event: WorkerEvent): object {
  const at = clock.date().toISOString();
  if (event.kind === 'error') return { at, kind: event.kind, message: messageOf(event.error) };
  if (event.kind === 'recovered') return { at, kind: event.kind, ...event.recovered };
  const { id, job, queue, attempts } = event.job;
  const took = 'tookMs' in event ? { tookMs: event.tookMs } : {};
  return {
    at,
    kind: event.kind,
    id,
    job,
    queue,
    attempt: attempts,
    ...took,
    ...('error' in event ? { message: messageOf(event.error) } : {}),
  };
}
