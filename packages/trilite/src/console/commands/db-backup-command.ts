import { backupFolder } from '../../database/care/backup-files';
import { backupConnection, type Backup } from '../../database/care/backup';
import { humanBytes } from '../../support/bytes';
import { FrameworkError } from '../../support/errors';
import type { Command, CommandContext } from '../command';
import type { ConsoleApplication } from '../console-application';
import { CommandUsageError } from '../errors';
import { violationLine } from '../finding-lines';
import type { Output } from '../output';
import { defineSignature } from '../signature';

const signature = defineSignature({
  name: 'db:backup',
  description: 'Back up files while they are in use',
  options: {
    connection: {
      type: 'string',
      value: 'name',
      description: 'The connection; by default the default one',
    },
    all: { description: 'Back up every connection that has a file' },
    keep: {
      type: 'integer',
      value: 'n',
      description: 'Remove the oldest backups of the connection beyond this number',
      min: 1,
    },
    json: { description: 'Print JSON and nothing else' },
  },
});

type Context = CommandContext<typeof signature>;

/** A backup that could not be made. */
interface Failure {
  readonly connection: string;
  readonly error: FrameworkError;
}

export class DbBackupCommand implements Command<typeof signature> {
  static readonly signature = signature;

  async handle({ app, options, output }: Context): Promise<number> {
    const application = await app();
    const made: Backup[] = [];
    const failures: Failure[] = [];
    for (const connection of chosen(application, options)) {
      try {
        made.push(await backUp(application, connection, { options, output }));
      } catch (error) {
        // One that fails does not keep the others from being made.
        if (!(error instanceof FrameworkError) || !options.all) throw error;
        failures.push({ connection, error });
        if (!options.json) output.error(error.message, `${error.help} (${error.code})`);
      }
    }
    if (options.json) output.json(asJson(made, failures, options.all));
    return failures.length > 0 ? 1 : 0;
  }
}

function chosen({ connections }: ConsoleApplication, options: Context['options']): string[] {
  if (options.all && options.connection !== undefined) {
    throw CommandUsageError.because('db:backup', '"--all" and "--connection" exclude each other');
  }
  if (!options.all) return [options.connection ?? connections.defaultName];
  return connections.names.filter((name) => connections.connection(name).file !== ':memory:');
}

async function backUp(
  { config, connections }: ConsoleApplication,
  name: string,
  { options, output }: Pick<Context, 'options' | 'output'>,
): Promise<Backup> {
  const copy = (onProgress: (done: number, total: number) => void): Promise<Backup> =>
    backupConnection(connections.connection(name), {
      folder: backupFolder(config.storagePath),
      keep: options.keep,
      onProgress,
    });
  if (options.json) return copy(() => undefined);
  const backup = await output.progress(name, copy);
  print(backup, output);
  return backup;
}

function print(backup: Backup, output: Output): void {
  const { dim } = output.colors;
  output.twoColumn(backup.path, humanBytes(backup.bytes));
  for (const name of backup.removed) output.twoColumn(`${dim('removed:')} ${name}`, dim('OLD'));
  for (const violation of backup.violations) {
    output.warn(
      `The data of "${backup.connection}" break a foreign key: ${violationLine(violation)}`,
    );
  }
}

function asJson(made: readonly Backup[], failures: readonly Failure[], all: boolean): unknown {
  const backups = made.map((backup) => ({ ...backup, madeAt: new Date(backup.madeAt) }));
  if (!all) return backups[0];
  return {
    backups,
    failures: failures.map(({ connection, error: { code, message } }) => ({
      connection,
      code,
      message,
    })),
  };
}
