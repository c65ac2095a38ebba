import type { MigrateOptions, MigrationStep } from '../../database/migrations/migrator';
import type { PretendedMigration } from '../../database/migrations/migration-runner';
import type { Command, CommandContext } from '../command';
import type { ConsoleApplication } from '../console-application';
import type { Output } from '../output';
import { defineSignature } from '../signature';
import { outdatedText } from '../tenant-migrations';
import { seed } from './db-seed-command';

const signature = defineSignature({
  name: 'migrate',
  description: 'Create missing files and bring every connection up to date',
  options: {
    connection: { type: 'string', value: 'name', description: 'One connection alone' },
    step: { description: 'Make each migration a batch of its own, to be rolled back alone' },
    pretend: { description: 'Print the SQL that would run, and change nothing' },
    seed: { description: 'Run the seeders afterwards' },
    force: { description: 'Taken for the sake of scripts: migrating asks nobody' },
  },
});

export class MigrateCommand implements Command<typeof signature> {
  static readonly signature = signature;

  async handle({ app, options, output }: CommandContext<typeof signature>): Promise<void> {
    const { connection, step, pretend } = options;
    const application = await app();
    if (pretend) {
      return printPretended(await application.migrator().pretend('up', { connection }), output);
    }
    await migrate(application, output, { connection, step });
    if (options.seed) await seed(application, output);
    // With one connection alone the registry of tenants may not be there yet
    if (connection === undefined) await sayOutdated(application, output);
  }
}

/** The files of tenants are not among those of the application. */
async function sayOutdated(app: ConsoleApplication, output: Output): Promise<void> {
  if (app.tenancy.current() !== undefined) return;
  const text = await outdatedText(app);
  if (text !== undefined) output.warn(`${text} Run "artisan tenants:migrate".`);
}

/** Runs what is pending, a task line each. */
export async function migrate(
  app: ConsoleApplication,
  output: Output,
  options: MigrateOptions = {},
): Promise<void> {
  await runSteps(await app.migrator().prepare(options), output, {
    none: 'Nothing to migrate.',
    some: 'Running migrations.',
  });
}

/** Runs migration steps, a task line each. */
export async function runSteps(
  steps: readonly MigrationStep[],
  output: Output,
  texts: { readonly none: string; readonly some: string },
): Promise<void> {
  if (steps.length === 0) return output.info(texts.none);
  output.info(texts.some);
  for (const { connection, name, run } of steps) {
    const text = `${output.colors.dim(`${connection}:`)} ${name}`;
    await output.task(text, () => output.progress(name, (report) => run(report)));
  }
  output.line();
}

/** Prints what migrations would do. */
export function printPretended(migrations: readonly PretendedMigration[], output: Output): void {
  if (migrations.length === 0) return output.info('Nothing would run.');
  for (const { connection, name, sql } of migrations) {
    output.heading(`${connection}: ${name}`);
    for (const statement of sql) output.line(`  ${statement};`);
  }
  output.line();
}
