import { humanDuration } from '../../support/duration';
import { KEPT_STATES } from '../../tenancy/tenancy';
import type { Tenant } from '../../tenancy/tenant';
import type { QueueStatus } from '../../queue/job-records';
import { chooseQueue, queueConnectionOption, readQueue, statusOf } from '../chosen-queue';
import type { Command, CommandContext } from '../command';
import type { ConsoleApplication } from '../console-application';
import { CommandUsageError } from '../errors';
import type { Output } from '../output';
import { requireOwnFiles } from '../own-files';
import { defineSignature } from '../signature';
import { gather, type Gathered } from '../tenant-gathering';
import { readTenantFilter, requireChoice, selectTenants, tenantOptions } from '../tenant-selection';
import { tenantView } from '../tenant-view';

const signature = defineSignature({
  name: 'tenants:queue',
  description: 'Show how the queues of each tenant stand; pause and resume them',
  options: {
    ...tenantOptions,
    connection: queueConnectionOption,
    queue: { type: 'string', value: 'name', description: 'One queue alone' },
    pause: { description: 'Have no job of theirs begin; running jobs go on' },
    resume: { description: 'End that' },
    busy: { description: 'Show those alone that have jobs, or are paused' },
    json: { description: 'Print JSON and nothing else' },
  },
});

type Options = CommandContext<typeof signature>['options'];

export class TenantsQueueCommand implements Command<typeof signature> {
  static readonly signature = signature;

  async handle({ app, options, output }: CommandContext<typeof signature>): Promise<number> {
    refuseContradictions(options);
    const queue =
      options.queue === undefined ? undefined : readQueue(signature.name, options.queue);
    const booted = await app();
    requireOwnFiles(booted, 'tell the queues of tenants apart', 'queue:status');
    const filter = readTenantFilter(signature.name, options, KEPT_STATES);
    chooseQueue(booted, options.connection); // said once, and not by each tenant
    const tenants = await selectTenants(booted.tenancy, filter);
    const all = await gather(tenants, (tenant) => look(booted, tenant, { options, queue }));
    const chosen = options.busy ? all.filter(isBusy) : all;
    if (options.json) output.json(chosen.map(asJson));
    else print(chosen, output);
    return all.some(({ error }) => error !== undefined) ? 1 : 0;
  }
}

/** Everybody is not to be paused because a word was forgotten. */
function refuseContradictions(options: Options): void {
  const { pause, resume } = options;
  if (pause && resume) {
    throw CommandUsageError.because(signature.name, '--pause and --resume exclude each other');
  }
  if (pause || resume) requireChoice(signature.name, options);
}

function look(
  app: ConsoleApplication,
  tenant: Tenant,
  { options, queue }: { readonly options: Options; readonly queue: string | undefined },
): Promise<QueueStatus[]> {
  return app.tenancy.run(
    tenant,
    async (current, scope) => {
      const view = tenantView(app, current, scope);
      const chosen = chooseQueue(view, options.connection);
      if (options.pause) await chosen.store.pause(queue);
      if (options.resume) await chosen.store.resume(queue);
      return statusOf(view, chosen, queue === undefined ? undefined : [queue]);
    },
    { states: KEPT_STATES, anySchema: true },
  );
}

function isBusy({ result = [] }: Gathered<readonly QueueStatus[]>): boolean {
  return result.some(
    ({ ready, delayed, running, failed, isPaused }) =>
      isPaused || ready + delayed + running + failed > 0,
  );
}

function asJson({ tenant, result, error }: Gathered<readonly QueueStatus[]>): object {
  if (error !== undefined) return { tenant, error };
  const queues = (result ?? []).map(({ oldestAgeMs, ...status }) => ({
    queue: status.queue,
    ready: status.ready,
    delayed: status.delayed,
    running: status.running,
    failed: status.failed,
    oldestAgeMs: oldestAgeMs ?? null,
    isPaused: status.isPaused,
  }));
  return { tenant, queues };
}

function print(all: readonly Gathered<readonly QueueStatus[]>[], output: Output): void {
  const { yellow, red } = output.colors;
  const rows = all.flatMap(({ tenant, result = [], error }) =>
    error === undefined
      ? result.map((one) => [
          tenant,
          one.isPaused ? `${one.queue} ${yellow('PAUSED')}` : one.queue,
          one.ready,
          one.delayed,
          one.running,
          one.failed,
          one.oldestAgeMs === undefined ? '' : humanDuration(one.oldestAgeMs),
        ])
      : [[tenant, red(error.message), '', '', '', '', '']],
  );
  if (rows.length === 0) return output.info('There is nothing to show.');
  output.table(['Tenant', 'Queue', 'Ready', 'Delayed', 'Running', 'Failed', 'Oldest'], rows);
}
