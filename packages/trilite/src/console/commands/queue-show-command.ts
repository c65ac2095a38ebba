import { inspect } from 'node:util';
import type { JobHistory, JobRecord } from '../../queue/job-records';
import { humanDuration } from '../../support/duration';
import { chooseQueue, queueConnectionOption, type ChosenQueue } from '../chosen-queue';
import type { Command, CommandContext } from '../command';
import { workerText } from '../holder-text';
import type { Output } from '../output';
import { defineSignature } from '../signature';
import { printable } from '../sql-values';

const signature = defineSignature({
  name: 'queue:show',
  description: 'Show what is known of a job: payload, runs, errors, lines it left',
  arguments: { id: { description: 'The id of the job' } },
  options: {
    connection: queueConnectionOption,
    json: { description: 'Print JSON and nothing else' },
  },
});

/** What is told of a job. */
interface Shown extends JobRecord {
  readonly history: JobHistory;
  /** The error whole that it failed with for good. */
  readonly detail: string | undefined;
  /** Who runs it, or ran it last, in words. */
  readonly worker: string | undefined;
}

/** How a run ended badly, in the words of the worker's lines. */
const ENDINGS = { released: 'FAIL, RETRIED', failed: 'FAIL', crashed: 'CRASHED' } as const;

export class QueueShowCommand implements Command<typeof signature> {
  static readonly signature = signature;

  async handle({
    app,
    arguments: { id },
    options,
    output,
  }: CommandContext<typeof signature>): Promise<number> {
    const chosen = chooseQueue(await app(), options.connection);
    const shown = await find(chosen, id);
    if (options.json) output.json(shown === undefined ? { id, found: false } : asJson(shown));
    else if (shown === undefined) sayUnknown(id, chosen, output);
    else print(shown, output);
    return shown === undefined ? 1 : 0;
  }
}

async function find({ store, dispatcher }: ChosenQueue, id: string): Promise<Shown | undefined> {
  const record = await dispatcher.find(id);
  if (record === undefined) return undefined;
  const [failed] = record.state === 'failed' ? await store.failed({ ids: [id] }) : [];
  const { owner } = record;
  return {
    ...record,
    history: await store.history(id),
    detail: failed?.detail,
    worker: owner && workerText(owner, { isRunning: record.state === 'running' }),
  };
}

function sayUnknown(id: string, { name }: ChosenQueue, output: Output): void {
  output.error(
    `The queue connection "${name}" knows no job "${id}".`,
    'A job that has ended is forgotten after "keepFinished" of config/queue.ts; "queue:failed" lists those that failed.',
  );
}

function asJson({ payload, history, ...rest }: Shown): object {
  const { attempts: badRuns, lines } = history;
  return { ...rest, found: true, payload: parsed(payload), badRuns, lines };
}

/** With tags where JSON has no word for a value; as it lies there when somebody else wrote it. */
function parsed(payload: string): unknown {
  try {
    return JSON.parse(payload) as unknown;
  } catch {
    return payload;
  }
}

function print(shown: Shown, output: Output): void {
  output.heading(shown.job, stateOf(shown, output));
  for (const [name, value] of Object.entries(factsOf(shown))) {
    if (value !== undefined) output.twoColumn(name, printable(value));
  }
  section('Payload', payloadText(shown.payload, output), output);
  printRuns(shown.history, output);
  const lines = shown.history.lines.map(({ at, text }) => `${iso(at)} ${printable(text)}`);
  section('Lines it left', lines.join('\n'), output);
  section('Error', printable(shown.detail ?? ''), output);
  output.line();
}

function stateOf({ state }: JobRecord, output: Output): string {
  const { green, red, yellow } = output.colors;
  const paint = { done: green, failed: red, cancelled: red, pending: yellow };
  const text = state.toUpperCase();
  return state === 'waiting' || state === 'running' ? yellow(text) : paint[state](text);
}

function factsOf(shown: Shown): Readonly<Record<string, string | undefined>> {
  const { state, attempts, crashes, availableAt, progress, tookMs, tags } = shown;
  const crashed = crashes === 0 ? '' : `, ${crashes} of them crashed`;
  return {
    Id: shown.id,
    Queue: shown.queue,
    Priority: String(shown.priority),
    Dispatched: iso(shown.createdAt),
    Due: state === 'waiting' || state === 'pending' ? iso(availableAt) : undefined,
    'Last run began': iso(shown.startedAt),
    Ended: iso(shown.finishedAt),
    'Its last run took': tookMs === undefined ? undefined : humanDuration(tookMs),
    'Runs begun': `${attempts}${crashed}`,
    Progress: progress === undefined ? undefined : `${progress} %`,
    Worker: shown.worker,
    Tags: tags.length === 0 ? undefined : tags.join(', '),
    Batch: shown.batchId,
    'Unique key': shown.uniqueKey,
    'Last error': state === 'failed' ? undefined : shown.lastError,
  };
}

function iso(time: number): string;
function iso(time: number | undefined): string | undefined;
function iso(time: number | undefined): string | undefined {
  return time === undefined ? undefined : new Date(time).toISOString();
}

/** As JSON where that says all of it, else as Node shows values. A payload of an older time that cannot be read is shown as it lies there. */
function payloadText(payload: string, output: Output): string {
  // Only here: `list` is to answer at once
  const { decodeReadable } =
    require('../../support/serializer') as typeof import('../../support/serializer');
  const { isJson } = require('../../support/storable') as typeof import('../../support/storable');
  try {
    const value = decodeReadable(payload);
    if (isJson(value)) return printable(JSON.stringify(value, null, 2));
    const colors = output.colors.isColorSupported;
    return inspect(value, { depth: null, maxArrayLength: null, maxStringLength: null, colors });
  } catch {
    return printable(payload);
  }
}

function printRuns({ attempts }: JobHistory, output: Output): void {
  if (attempts.length === 0) return;
  const { bold, dim, red } = output.colors;
  output.line(`\n  ${bold('Runs that ended badly')}`);
  for (const { attempt, outcome, message, owner, startedAt, endedAt } of attempts) {
    const who = workerText(owner, { isRunning: false });
    const took = dim(humanDuration(Math.max(0, endedAt - startedAt)));
    output.twoColumn(
      `#${attempt} ${dim(`${iso(startedAt)} ${who}`)}`,
      `${took} ${red(ENDINGS[outcome])}`,
    );
    output.line(`    ${red(printable(message))}`);
  }
}

function section(title: string, text: string, output: Output): void {
  if (text === '') return;
  output.line(`\n  ${output.colors.bold(title)}`);
  output.line(`    ${text.replaceAll('\n', '\n    ')}`);
}
