import { clock } from '../support/clock';
import { humanDuration } from '../support/duration';
import { FrameworkError, messageOf } from '../support/errors';
import type { ClaimedJob } from '../queue/queue-store';
import type { JobEvent, WorkerEvent } from '../queue/queue-events';
import { GatheredStream } from './gathered-stream';
import type { Output } from './output';

/** How a worker's lines look. */
export interface WorkerLinesOptions {
  readonly json: boolean;
  /** Whether lines carry the job's id and queue. */
  readonly verbose: boolean;
  /** What the worker is called. Default: nothing. */
  readonly name?: string | undefined;
}

type EndEvent = Extract<JobEvent, { tookMs: number }>;

const RESULTS = {
  done: ['green', 'DONE'],
  retry: ['yellow', 'FAIL, WILL RETRY'],
  failed: ['red', 'FAIL'],
  released: ['yellow', 'RELEASED'],
  cancelled: ['yellow', 'CANCELLED'],
  lost: ['red', 'LEASE LOST'],
} as const;

/** Prints what a worker tells: a line when a job begins, and one when it ends. */
export class WorkerLines {
  readonly #output: Output;
  readonly #options: WorkerLinesOptions;
  #stream: GatheredStream | undefined;
  /** Of the event that is being printed. */
  #tenant: string | undefined;

  constructor(output: Output, options: WorkerLinesOptions) {
    this.#output = output.on((stream) => (this.#stream = new GatheredStream(stream)));
    this.#options = options;
  }

  /** Writes what is not written yet: lines are gathered for a turn of the event loop. */
  flush(): void {
    this.#stream?.flush();
  }

  /** @param tenant whose job it is, where one worker serves many */
  print(event: WorkerEvent, tenant?: string): void {
    if (this.#options.json) {
      return this.#output.result(
        JSON.stringify({ ...this.#toJson(event), ...(tenant && { tenant }) }),
      );
    }
    this.#tenant = tenant;
    const { yellow } = this.#output.colors;
    switch (event.kind) {
      case 'error':
        return this.#output.error(
          messageOf(event.error),
          event.error instanceof FrameworkError ? event.error.help : undefined,
        );
      case 'recovered':
        return this.#row(
          `${event.recovered.job} ${event.recovered.id}`,
          yellow(`RECOVERED, ${event.recovered.outcome.toUpperCase()}`),
        );
      case 'relayed':
        return; // the jobs speak for themselves
      case 'paused':
      case 'resumed':
        return this.#row('Worker', yellow(event.kind.toUpperCase()));
      case 'running':
        return this.#row(this.#name(event.job), yellow('RUNNING'));
      default:
        return this.#ended(event);
    }
  }

  #ended(event: EndEvent): void {
    const { bold, dim } = this.#output.colors;
    const [color, result] = RESULTS[event.kind];
    this.#row(
      this.#name(event.job),
      `${dim(humanDuration(event.tookMs))} ${bold(this.#output.colors[color](result))}`,
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
    const { dim } = this.#output.colors;
    const { name } = this.#options;
    const head = dim(name === undefined ? timestamp() : `${timestamp()} [${name}]`);
    const whose = this.#tenant === undefined ? '' : `${this.#output.colors.cyan(this.#tenant)} `;
    this.#output.twoColumn(`${head} ${whose}${left}`, right);
  }

  #name({ job, id, queue, attempts }: ClaimedJob): string {
    const { dim } = this.#output.colors;
    return this.#options.verbose ? `${job} ${dim(`${id} ${queue} #${attempts}`)}` : job;
  }

  #toJson(event: WorkerEvent): object {
    const { name } = this.#options;
    const head = { at: clock.date().toISOString(), ...(name !== undefined && { name }) };
    if (event.kind === 'error') {
      return { ...head, kind: event.kind, message: messageOf(event.error) };
    }
    if (event.kind === 'recovered') return { ...head, kind: event.kind, ...event.recovered };
    if (!('job' in event)) return { ...head, ...event };
    const { id, job, queue, attempts } = event.job;
    return {
      ...head,
      kind: event.kind,
      id,
      job,
      queue,
      attempt: attempts,
      ...('tookMs' in event && { tookMs: event.tookMs }),
      ...('error' in event && { message: messageOf(event.error) }),
    };
  }
}

/** The last second that was printed, and how: a fast worker prints thousands of lines in it. */
let printed = { second: NaN, text: '' };

function timestamp(): string {
  const second = Math.floor(clock.now() / 1000);
  if (second !== printed.second) {
    printed = { second, text: clock.date().toISOString().slice(0, 19).replace('T', ' ') };
  }
  return printed.text;
}
