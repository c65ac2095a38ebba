import type { QueueStore } from '../../queue/queue-store';
import type { TenantWorker } from '../../queue/tenants/tenant-worker';
import type { Worker } from '../../queue/worker/worker';
import type { WorkResult } from '../../queue/worker/worker-options';
import type { Scheduler } from '../../schedule/scheduler';
import type { Tenancy } from '../../tenancy/tenancy';
import type { Command, CommandContext } from '../command';
import { CommandUsageError } from '../errors';
import { warnOfMaintenance, WorkerPauses } from '../maintenance';
import type { Output } from '../output';
import { metricsOfWorker, metricsOptionSpecs, withMetrics } from '../metrics-server';
import { requireOwnFiles } from '../own-files';
import { printingScheduler } from '../printing-scheduler';
import { onShutdown } from '../shutdown';
import { defineSignature } from '../signature';
import { readQueues, readWorkOptions, workOptionSpecs } from '../work-options';
import { chosenTenants } from '../served-tenants';
import { warnOfOutdated } from '../tenant-migrations';
import { WorkerLines } from '../worker-lines';

const signature = defineSignature({
  name: 'queue:work',
  description: 'Run jobs as they become due',
  arguments: {
    connection: {
      description: 'The queue connection; by default the default one',
      required: false,
    },
  },
  options: {
    connection: { type: 'string', value: 'name', description: 'The same as an option' },
    ...workOptionSpecs,
    workers: {
      type: 'integer',
      value: 'n',
      description: 'So many processes, started anew when they end',
      default: 0,
    },
    schedule: { description: 'Run the schedule as well, in the same process' },
    tenants: {
      type: 'string',
      value: '=a,b',
      isOptional: true,
      description:
        'Serve the queues of all tenants, or of these: ids, in which "*" stands for any text',
    },
    'per-tenant': {
      type: 'integer',
      value: 'n',
      description: 'With --tenants: jobs of one tenant at a time; by default half of --concurrency',
      min: 1,
    },
    force: { description: 'Work on while the application is down for maintenance' },
    once: { description: 'Run one job, or none when none is due' },
    'stop-when-empty': { description: 'Stop when no job is due' },
    'jobs-only': { description: 'Print neither which queues are worked nor why it stops' },
    json: { description: 'Print a JSON object a line' },
    ...metricsOptionSpecs,
  },
});

type Context = CommandContext<typeof signature>;

/** The exit code of a worker that took too much memory: as Laravel's. */
const MEMORY_EXIT = 12;

export class QueueWorkCommand implements Command<typeof signature> {
  static readonly signature = signature;

  async handle(context: Context): Promise<number> {
    const { options } = context;
    const ends = { once: options.once, stopWhenEmpty: options['stop-when-empty'] };
    const asked = readWorkOptions(signature.name, options, ends);
    if (options.schedule && (ends.once || ends.stopWhenEmpty)) {
      const why = '--schedule goes on for ever; --once and --stop-when-empty do not';
      throw CommandUsageError.because(signature.name, why);
    }
    if (options['per-tenant'] !== undefined && options.tenants === undefined) {
      const why = '--per-tenant is about the tenants that --tenants serves: add that';
      throw CommandUsageError.because(signature.name, why);
    }
    if (options.workers > 0) return supervise(context);
    const told = { command: signature.name, isQuiet: saysJobsAlone(context) };
    return withMetrics(context, told, () =>
      options.tenants !== undefined
        ? this.#serveTenants(context, asked)
        : this.#serve(context, asked),
    );
  }

  async #serve(context: Context, asked: ReturnType<typeof readWorkOptions>): Promise<number> {
    const { options, output } = context;
    const { queues, walKeeper } = await context.app();
    const name = connectionOf(context) ?? queues.defaultName;
    const queueNames =
      options.queue === undefined ? queues.queueNames : readQueues(signature.name, options.queue);
    const lines = new WorkerLines(output, {
      json: options.json,
      verbose: context.terminal.verbose,
      name: asked.name,
    });
    const worker = queues.worker(name, { ...asked, queues: queueNames }, (event) =>
      lines.print(event),
    );
    await queues.store(name).nextDueAt(queueNames); // a queue that does not answer now is told at once, not every turn
    if (!saysJobsAlone(context)) {
      sayQueues(queueNames, output);
      await sayPaused(queues.store(name), worker, { queueNames, output });
    }
    walKeeper.start();
    const scheduler = await startScheduler(context);
    const result = await runUntilTold(worker, scheduler, context).finally(() => lines.flush());
    return exitCodeOf(result, context);
  }

  async #serveTenants(
    context: Context,
    asked: ReturnType<typeof readWorkOptions>,
  ): Promise<number> {
    const { options, output } = context;
    const app = await context.app();
    await app.tenancy.count(); // says so where there are none to serve
    requireOwnFiles(app, 'serve the queues of tenants', 'queue:work');
    if (options.once) {
      const why =
        '--once takes one job of one queue; with --tenants, "--max-jobs=1" ends after one';
      throw CommandUsageError.because(signature.name, why);
    }
    const lines = new WorkerLines(output, {
      json: options.json,
      verbose: context.terminal.verbose,
      name: asked.name,
    });
    const tenants = await chosenTenants(signature.name, options.tenants ?? '', app.tenancy);
    const worker = app.tenantWorker(
      {
        ...asked,
        tenants,
        ...(options.queue !== undefined && { queues: readQueues(signature.name, options.queue) }),
        maxPerTenant: options['per-tenant'],
      },
      {
        tell: (event, tenant) => lines.print(event, tenant),
        onError: (error, tenant) => lines.print({ kind: 'error', error }, tenant),
      },
    );
    if (!saysJobsAlone(context)) {
      output.info('Processing jobs of tenants.');
      await sayNobodyFits(context, app.tenancy, tenants);
    }
    await warnOfOutdated(app, output);
    app.walKeeper.start();
    const scheduler = await startScheduler(context);
    const result = await runUntilTold(worker, scheduler, context).finally(() => lines.flush());
    return exitCodeOf(result, context);
  }
}

async function supervise({ options, output, terminal }: Context): Promise<number> {
  // A worker itself never needs it
  const { WorkerSupervisor } =
    require('../worker-supervisor') as typeof import('../worker-supervisor');
  const { metrics } = options;
  const supervisor = new WorkerSupervisor(options.workers, {
    ...(metrics !== undefined && {
      metricsOf: (number: number) => metricsOfWorker(signature.name, metrics, number),
    }),
    endsByItself: options.once || options['stop-when-empty'],
    isColored: terminal.color ?? output.colors.isColorSupported,
    say: (text) => {
      if (!options.json) output.info(text);
    },
  });
  return supervisor.run();
}

function connectionOf({ arguments: { connection }, options }: Context): string | undefined {
  const both = connection !== undefined && options.connection !== undefined;
  if (both && connection !== options.connection) {
    const named = `"${connection}" and "${options.connection}"`;
    throw CommandUsageError.because(signature.name, `it works one connection, not ${named}`);
  }
  return connection ?? options.connection;
}

function saysJobsAlone({ options }: Context): boolean {
  return options.json || options['jobs-only'];
}

function sayQueues(queueNames: readonly string[], output: Output): void {
  const noun = queueNames.length > 1 ? 'queues' : 'queue';
  output.info(`Processing jobs from the [${queueNames.join(', ')}] ${noun}.`);
}

/** A worker for nobody waits, which looks like one that does not work. */
async function sayNobodyFits(
  { options, output }: Context,
  tenancy: Tenancy,
  fits: ((id: string) => boolean) | undefined,
): Promise<void> {
  if (fits === undefined || (await tenancy.list()).some(({ id }) => fits(id))) return;
  output.warn(
    `No tenant fits "--tenants=${options.tenants}"; one that is created later is served then.`,
  );
}

/** A worker of a paused queue waits, which looks like one that does not work. */
async function sayPaused(
  store: QueueStore,
  worker: Worker,
  { queueNames, output }: { readonly queueNames: readonly string[]; readonly output: Output },
): Promise<void> {
  const { isPaused, pausedQueues } = await store.signals(worker.owner);
  const held = isPaused ? queueNames : queueNames.filter((one) => pausedQueues.includes(one));
  if (held.length === 0) return;
  output.warn(`Paused: ${held.join(', ')}. "queue:resume" lets their jobs run.`);
}

/** The scheduler beside the worker, and what settles when it has ended. */
interface RunningScheduler {
  readonly scheduler: Pick<Scheduler, 'stop' | 'stopNow'>;
  readonly ended: Promise<void>;
}

async function startScheduler(context: Context): Promise<RunningScheduler | undefined> {
  if (!context.options.schedule) return undefined;
  const { scheduler } = await printingScheduler(context);
  return { scheduler, ended: scheduler.run() };
}

/** Both stop together: whoever started one process for both expects both, or an end. */
async function runUntilTold(
  worker: Worker | TenantWorker,
  running: RunningScheduler | undefined,
  context: Context,
): Promise<WorkResult> {
  const stop = (): void => {
    worker.stop();
    running?.scheduler.stop();
  };
  const pauses = new WorkerPauses(worker);
  const pause = (): void => pauses.pause('signal');
  const resume = (): void => pauses.resume('signal');
  const stopFollowing = await followMaintenance(pauses, context);
  process.on('SIGUSR2', pause).on('SIGCONT', resume);
  process.on('disconnect', stop); // its supervisor is gone
  // It was before anybody listened; undefined where nobody supervises, which the types leave out
  if ((process.connected as boolean | undefined) === false) stop();
  const stopAloud = (): void => {
    stop();
    if (!saysJobsAlone(context)) sayStopping(worker.runningJobs, context.output);
  };
  const stopListening = onShutdown(
    () => stopAloud(),
    () => {
      worker.stopNow();
      running?.scheduler.stopNow();
    },
  );
  try {
    return await bothEnded(
      worker.run().finally(() => running?.scheduler.stop()),
      running?.ended.catch((error: unknown) => {
        stopAloud();
        throw error;
      }),
    );
  } finally {
    stopListening();
    stopFollowing();
    process.off('SIGUSR2', pause).off('SIGCONT', resume).off('disconnect', stop);
  }
}

/** Waits for both, whatever comes of one: what the other runs would be cut off. @throws what either has thrown */
async function bothEnded<T>(worker: Promise<T>, scheduler: Promise<void> | undefined): Promise<T> {
  const [result, other] = await Promise.allSettled([worker, scheduler]);
  if (result.status === 'rejected') throw result.reason;
  if (other.status === 'rejected') throw other.reason;
  return result.value;
}

/** @returns what ends it */
async function followMaintenance(pauses: WorkerPauses, context: Context): Promise<() => void> {
  if (context.options.force) return () => undefined;
  const app = await context.app();
  if (!saysJobsAlone(context)) warnOfMaintenance(app, context.output, 'jobs wait');
  return pauses.follow(app.maintenance);
}

function sayStopping(jobs: number, output: Output): void {
  if (jobs === 0) return;
  const them = jobs > 1 ? 'them' : 'it';
  output.line(
    `  Stopping after ${jobs} running job${jobs > 1 ? 's' : ''}; a second Ctrl+C puts ${them} back now.`,
  );
}

function exitCodeOf({ reason, jobs }: WorkResult, context: Context): number {
  const { options, output } = context;
  const why = {
    asked: undefined,
    once: undefined,
    empty: undefined,
    'max-jobs': `${jobs} jobs, as many as --max-jobs allows`,
    'max-time': `${options['max-time']} s, as long as --max-time allows`,
    memory: `more memory than the ${options.memory} MB that --memory allows`,
    restart: '"queue:restart"',
  }[reason];
  if (why !== undefined && !saysJobsAlone(context)) output.info(`Stopped after ${why}.`);
  return reason === 'memory' ? MEMORY_EXIT : 0;
}
