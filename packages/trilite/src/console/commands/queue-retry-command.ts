import type { FailedSelection, RetryOutcome } from '../../queue/job-records';
import { chooseQueue, queueConnectionOption } from '../chosen-queue';
import type { Command, CommandContext } from '../command';
import { CommandUsageError } from '../errors';
import type { Output } from '../output';
import { defineSignature } from '../signature';

const signature = defineSignature({
  name: 'queue:retry',
  description: 'Put failed jobs back into their queue',
  arguments: {
    ids: {
      description: 'Ids as "queue:failed" shows them, or "all"',
      required: false,
      variadic: true,
    },
  },
  options: {
    connection: queueConnectionOption,
    queue: { type: 'string', value: 'name', description: 'All of this queue' },
    class: { type: 'string', value: 'name', description: 'All of the job of this name' },
    batch: { type: 'string', value: 'id', description: 'All of this batch' },
    json: { description: 'Print JSON and nothing else' },
  },
});

type Context = CommandContext<typeof signature>;

/** What became of them, and the ids that no failed job has. */
interface Retried extends RetryOutcome {
  readonly unknown: readonly string[];
}

export class QueueRetryCommand implements Command<typeof signature> {
  static readonly signature = signature;

  async handle({ app, arguments: { ids }, options, output }: Context): Promise<number> {
    const selection = selectionOf(ids, options);
    const { store } = chooseQueue(await app(), options.connection);
    const outcome = await store.retry(selection);
    const known = new Set([...outcome.retried, ...outcome.duplicates]);
    const unknown = [...new Set(selection.ids ?? [])].filter((id) => !known.has(id));
    if (options.json) output.json({ ...outcome, unknown });
    else print({ ...outcome, unknown }, output);
    return outcome.duplicates.length + unknown.length === 0 ? 0 : 1;
  }
}

/** @throws E_COMMAND_USAGE when it is not clear which jobs are meant */
function selectionOf(ids: readonly string[], options: Context['options']): FailedSelection {
  const { queue, class: job, batch: batchId } = options;
  const isFiltered = queue !== undefined || job !== undefined || batchId !== undefined;
  const isAll = ids.length === 1 && ids[0] === 'all';
  if (ids.length === 0 && !isFiltered) {
    throw CommandUsageError.because('queue:retry', 'It takes ids, "all", or a filter');
  }
  if (isFiltered && ids.length > 0 && !isAll) {
    const filters = '"--queue", "--class" and "--batch"';
    throw CommandUsageError.because('queue:retry', `Ids and ${filters} exclude each other`);
  }
  return {
    ...(ids.length > 0 && !isAll && { ids }),
    ...(queue !== undefined && { queue }),
    ...(job !== undefined && { job }),
    ...(batchId !== undefined && { batchId }),
  };
}

function print({ retried, duplicates, unknown }: Retried, output: Output): void {
  const { green, red, yellow } = output.colors;
  output.line();
  for (const id of retried) output.twoColumn(id, green('WAITING'));
  for (const id of duplicates) output.twoColumn(id, yellow('ANOTHER JOB HOLDS ITS UNIQUE KEY'));
  for (const id of unknown) output.twoColumn(id, red('NO FAILED JOB HAS THIS ID'));
  if (retried.length + duplicates.length + unknown.length === 0) output.line('  No failed jobs.');
  output.line();
}
