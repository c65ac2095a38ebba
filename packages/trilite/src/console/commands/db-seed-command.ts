import { confirmDestroying } from '../confirmation';
import type { Command, CommandContext } from '../command';
import type { ConsoleApplication } from '../console-application';
import type { Output } from '../output';
import { defineSignature } from '../signature';

const signature = defineSignature({
  name: 'db:seed',
  description: 'Fill tables with data',
  options: {
    class: {
      type: 'string',
      value: 'name',
      description: 'The seeder of database/seeders to run',
      default: 'DatabaseSeeder',
    },
    force: { description: 'Seed in production unasked' },
  },
});

export class DbSeedCommand implements Command<typeof signature> {
  static readonly signature = signature;

  async handle(context: CommandContext<typeof signature>): Promise<number> {
    const { app, options, output } = context;
    const what = 'Seeding writes into the database';
    if (!(await confirmDestroying(context, 'db:seed', { what, force: options.force }))) return 1;
    await seed(await app(), output, options.class);
    return 0;
  }
}

/** Runs a seeder, a task line for it and each one it calls; those it calls come first, for they end first. */
export async function seed(
  app: ConsoleApplication,
  output: Output,
  seeder?: string,
): Promise<void> {
  output.info('Seeding.');
  await app.seed(seeder, (name, run) => output.task(name, run));
  output.line();
}
