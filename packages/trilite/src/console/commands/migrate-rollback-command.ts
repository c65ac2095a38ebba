import type { RollbackOptions } from '../../database/migrations/migrator';
import type { Command, CommandContext } from '../command';
import { confirmDestroying } from '../confirmation';
import type { ConsoleApplication } from '../console-application';
import { CommandUsageError } from '../errors';
import type { Output } from '../output';
import { defineSignature } from '../signature';
import { printPretended, runSteps } from './migrate-command';

const signature = defineSignature({
  name: 'migrate:rollback',
  description: 'Take back the last batch of migrations',
  options: {
    connection: { type: 'string', value: 'name', description: 'One connection alone' },
    step: { type: 'integer', min: 1, description: 'The last so many of each connection instead' },
    batch: { type: 'integer', min: 1, description: 'Those of one batch instead' },
    pretend: { description: 'Print the SQL that would run, and change nothing' },
    force: { description: 'Ask nobody, even in production' },
  },
});

export class MigrateRollbackCommand implements Command<typeof signature> {
  static readonly signature = signature;

  async handle(context: CommandContext<typeof signature>): Promise<number> {
    const { app, options, output } = context;
    const { connection, step, batch, pretend, force } = options;
    if (step !== undefined && batch !== undefined) {
      throw CommandUsageError.because(signature.name, '--step and --batch exclude each other');
    }
    const application = await app();
    const choice = { connection, steps: step, batch };
    if (pretend) {
      printPretended(await application.migrator().pretend('down', choice), output);
      return 0;
    }
    const what = 'Rolling back drops tables and columns with what is in them';
    if (!(await confirmDestroying(context, signature.name, { what, force }))) return 1;
    await rollBack(application, output, choice);
    return 0;
  }
}

/** Takes migrations back, a task line each. */
export async function rollBack(
  app: ConsoleApplication,
  output: Output,
  options: RollbackOptions,
): Promise<void> {
  await runSteps(await app.migrator().prepareRollback(options), output, {
    none: 'Nothing to roll back.',
    some: 'Rolling back migrations.',
  });
}
