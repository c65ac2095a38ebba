import type { Command, CommandContext } from '../command';
import { confirmDestroying } from '../confirmation';
import { defineSignature } from '../signature';
import { seed } from './db-seed-command';
import { migrate } from './migrate-command';

const signature = defineSignature({
  name: 'migrate:fresh',
  description: 'Drop everything in every file, jobs and cache included, and migrate anew',
  options: {
    connection: { type: 'string', value: 'name', description: 'One connection alone' },
    seed: { description: 'Run the seeders afterwards' },
    force: { description: 'Ask nobody, even in production' },
  },
});

export class MigrateFreshCommand implements Command<typeof signature> {
  static readonly signature = signature;

  async handle(context: CommandContext<typeof signature>): Promise<number> {
    const { app, options, output } = context;
    const { connection, force } = options;
    const what = 'This drops every table with what is in it';
    if (!(await confirmDestroying(context, signature.name, { what, force }))) return 1;
    const application = await app();
    const { wipe } =
      require('../../database/care/wipe') as typeof import('../../database/care/wipe');
    const { connections } = application;
    for (const name of connection === undefined ? connections.names : [connection]) {
      await output.task(`Dropping everything in ${name}`, () => wipe(connections.connection(name)));
    }
    await migrate(application, output, { connection });
    if (options.seed) await seed(application, output);
    return 0;
  }
}
