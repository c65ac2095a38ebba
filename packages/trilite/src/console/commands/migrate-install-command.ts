import type { Command, CommandContext } from '../command';
import { defineSignature } from '../signature';

const signature = defineSignature({
  name: 'migrate:install',
  description: 'Create missing files and the table that keeps what has run, and run nothing',
  options: {
    connection: { type: 'string', value: 'name', description: 'One connection alone' },
  },
});

export class MigrateInstallCommand implements Command<typeof signature> {
  static readonly signature = signature;

  async handle({ app, options, output }: CommandContext<typeof signature>): Promise<void> {
    const { connection } = options;
    await (await app()).migrator().install({ connection });
    output.success('The files and their migration tables are there.');
  }
}
