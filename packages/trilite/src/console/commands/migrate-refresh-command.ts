import type { Command, CommandContext } from '../command';
import { confirmDestroying } from '../confirmation';
import { defineSignature } from '../signature';
import { seed } from './db-seed-command';
import { migrate } from './migrate-command';
import { rollBack } from './migrate-rollback-command';

const signature = defineSignature({
  name: 'migrate:refresh',
  description: 'Take back every migration of the application, and run them again',
  options: {
    connection: { type: 'string', value: 'name', description: 'One connection alone' },
    step: { type: 'integer', min: 1, description: 'The last so many of each connection instead' },
    seed: { description: 'Run the seeders afterwards' },
    force: { description: 'Ask nobody, even in production' },
  },
});

export class MigrateRefreshCommand implements Command<typeof signature> {
  static readonly signature = signature;

  async handle(context: CommandContext<typeof signature>): Promise<number> {
    const { app, options, output } = context;
    const { connection, step, force } = options;
    const what = 'Rolling back drops tables and columns with what is in them';
    if (!(await confirmDestroying(context, signature.name, { what, force }))) return 1;
    const application = await app();
    await rollBack(application, output, { connection, steps: step, all: step === undefined });
    await migrate(application, output, { connection });
    if (options.seed) await seed(application, output);
    return 0;
  }
}
