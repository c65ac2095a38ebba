import { readFileSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Config } from '../../config/load-config';
import {
  litestreamConfig,
  replicaProblem,
  type ReplicatedFile,
} from '../../database/care/litestream';
import { errorCode, messageOf, toError } from '../../support/errors';
import type { Command, CommandContext } from '../command';
import { CommandUsageError } from '../errors';
import { defineSignature } from '../signature';

const signature = defineSignature({
  name: 'db:litestream',
  description: 'Print a litestream.yml that replicates the files',
  options: {
    replica: {
      type: 'string',
      value: 'url',
      description: 'Where to, as s3://bucket/path; by default what LITESTREAM_REPLICA_URL says',
    },
    output: {
      type: 'string',
      value: 'file',
      description: 'Write it there; a file that is there already is left as it is',
    },
    all: { description: 'Replicate caches too' },
  },
});

type Context = CommandContext<typeof signature>;

export class DbLitestreamCommand implements Command<typeof signature> {
  static readonly signature = signature;

  async handle({ app, options, output }: Context): Promise<void> {
    const problem = options.replica === undefined ? undefined : replicaProblem(options.replica);
    if (problem !== undefined) throw CommandUsageError.because('db:litestream', problem);
    const { config } = await app();
    const text = litestreamConfig(replicated(config, options.all), options.replica);
    if (options.output === undefined) return output.result(text.trimEnd());
    const isNew = write(resolve(options.output), text);
    output.success(`${isNew ? 'Written' : 'It says all this already'}: ${options.output}`);
  }
}

/** Litestream reads the -wal: a file without one cannot be replicated. Caches are disposable. */
function replicated(config: Config, all: boolean): ReplicatedFile[] {
  const { database } = config;
  return Object.entries(database.connections)
    .filter(([, { file, journalMode }]) => file !== ':memory:' && journalMode === 'wal')
    .filter(([name]) => all || !isCacheAlone(config, name))
    .map(([connection, { file }]) => ({ connection, file }));
}

function isCacheAlone({ database, cache, queue }: Config, name: string): boolean {
  const isUsedBy = (entries: Readonly<Record<string, object>>): boolean =>
    Object.values(entries).some((entry) => 'connection' in entry && entry.connection === name);
  return isUsedBy(cache.stores) && !isUsedBy(queue.connections) && database.default !== name;
}

/** A file that is there may have been edited: it is never written over. @returns whether it was written */
function write(path: string, text: string): boolean {
  const refuse = (problem: string): never => {
    throw CommandUsageError.because('db:litestream', `"${path}" ${problem}`);
  };
  try {
    writeFileSync(path, text, { flag: 'wx' });
    return true;
  } catch (error) {
    if (errorCode(error) !== 'EEXIST') {
      return refuse(`cannot be written (${messageOf(toError(error))})`);
    }
  }
  if (readFileSync(path, 'utf8') === text) return false;
  return refuse('is there already, with other content; remove it, or write to another file');
}
