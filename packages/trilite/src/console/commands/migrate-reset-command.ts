import type { Command, CommandContext } from '../command';
import { confirmDestroying } from '../confirmation';
import { defineSignature } from '../signature';
import { printPretended } from './migrate-command';
import { rollBack } from './migrate-rollback-command';

const signature = defineSignature({
  name: 'migrate:reset',
  description: "Take back every migration of the application; Trilite's own tables stay",
  options: {
    connection: { type: 'string', value: 'name', description: 'One connection alone' },
    pretend: { description: 'Print the SQL that would run, and change nothing' },
    force: { description: 'Ask nobody, even in production' },
  },
});

export class MigrateResetCommand implements Command<typeof signature> {
  static readonly signature = signature;

  async handle(context: CommandContext<typeof signature>): Promise<number> {
    const { app, options, output } = context;
    const choice = { connection: options.connection, all: true };
    if (options.pretend) {
      printPretended(await (await app()).migrator().pretend('down', choice), output);
      return 0;
    }
    const what = 'Rolling back every migration drops all tables of the application';
    const { force } = options;
    if (!(await confirmDestroying(context, signature.name, { what, force }))) return 1;
    await rollBack(await app(), output, choice);
    return 0;
  }
}
