import type { BatchRecord } from '../../queue/job-records';
import { chooseQueue, queueConnectionOption, type ChosenQueue } from '../chosen-queue';
import type { Command, CommandContext } from '../command';
import type { Output } from '../output';
import { defineSignature } from '../signature';
import { printable } from '../sql-values';

const signature = defineSignature({
  name: 'queue:batch',
  description: 'Show a batch of jobs, or cancel it',
  arguments: { id: { description: 'The id of the batch' } },
  options: {
    connection: queueConnectionOption,
    cancel: { description: 'Have none of its waiting jobs begin' },
    json: { description: 'Print JSON and nothing else' },
  },
});

/** Failed jobs that are shown by their ids. */
const IDS = 20;

/** What is told of a batch. */
interface Shown extends BatchRecord {
  readonly failedIds: readonly string[];
}

export class QueueBatchCommand implements Command<typeof signature> {
  static readonly signature = signature;

  async handle({
    app,
    arguments: { id },
    options,
    output,
  }: CommandContext<typeof signature>): Promise<number> {
    const chosen = chooseQueue(await app(), options.connection);
    const isCancelled = options.cancel && (await chosen.store.cancelBatch(id));
    const shown = await find(chosen, id);
    const isWell = shown !== undefined && (isCancelled || !options.cancel);
    if (options.json) output.json(shown === undefined ? { id, found: false } : asJson(shown));
    else say(id, shown, output);
    if (!isWell && shown !== undefined && !options.json) output.error('It was not going on.');
    return isWell ? 0 : 1;
  }
}

async function find({ store }: ChosenQueue, id: string): Promise<Shown | undefined> {
  const record = await store.findBatch(id);
  if (record === undefined) return undefined;
  const failed = record.failed === 0 ? [] : await store.failed({ batchId: id, limit: IDS });
  return { ...record, failedIds: failed.map((job) => job.id) };
}

function asJson(shown: Shown): object {
  const { cancelledAt, finishedAt } = shown;
  return {
    ...shown,
    found: true,
    cancelledAt: cancelledAt ?? null,
    finishedAt: finishedAt ?? null,
  };
}

function say(id: string, shown: Shown | undefined, output: Output): void {
  if (shown === undefined) return output.error(`There is no batch "${id}".`);
  output.heading(shown.name === '' ? shown.id : printable(shown.name), stateOf(shown, output));
  const facts: Record<string, string | undefined> = {
    Id: shown.id,
    Jobs: `${shown.total}, ${shown.progress} % have ended`,
    Done: String(shown.done),
    Failed: String(shown.failed),
    Cancelled: String(shown.cancelled),
    'Waiting or running': String(shown.pending),
    'After a failure': shown.allowsFailures ? 'it goes on' : 'it is cancelled',
    Dispatched: new Date(shown.createdAt).toISOString(),
    Ended: shown.finishedAt === undefined ? undefined : new Date(shown.finishedAt).toISOString(),
  };
  for (const [name, value] of Object.entries(facts)) {
    if (value !== undefined) output.twoColumn(name, value);
  }
  for (const one of shown.failedIds) output.twoColumn(one, output.colors.red('FAILED'));
  output.line();
}

function stateOf({ cancelledAt, finishedAt }: BatchRecord, output: Output): string {
  const { green, red, yellow } = output.colors;
  if (cancelledAt !== undefined) return red('CANCELLED');
  return finishedAt === undefined ? yellow('GOING ON') : green('ENDED');
}
