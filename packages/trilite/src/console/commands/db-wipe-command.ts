import { wipe } from '../../database/care/wipe';
import type { Command, CommandContext } from '../command';
import { confirmDestroying } from '../confirmation';
import { eachConnection, exitCodeOf, printOutcomes } from '../each-connection';
import { CommandUsageError } from '../errors';
import { defineSignature } from '../signature';

const signature = defineSignature({
  name: 'db:wipe',
  description: 'Drop all tables, views and triggers of a connection',
  options: {
    connection: {
      type: 'string',
      value: 'name',
      description: 'The connection; by default the default one',
    },
    all: { description: 'Wipe every connection' },
    force: { description: 'Ask nothing, not even in production' },
  },
});

export class DbWipeCommand implements Command<typeof signature> {
  static readonly signature = signature;

  async handle(context: CommandContext<typeof signature>): Promise<number> {
    const { app, options, output } = context;
    const { connection, all, force } = options;
    if (all && connection !== undefined) {
      throw CommandUsageError.because('db:wipe', '"--all" and "--connection" exclude each other');
    }
    const { defaultName } = (await app()).connections;
    const name = all ? undefined : (connection ?? defaultName);
    const what = `Wiping drops every table of ${name === undefined ? 'all connections' : `connection "${name}"`}`;
    if (!(await confirmDestroying(context, 'db:wipe', { what, force }))) return 1;
    const outcomes = await eachConnection(await app(), name, wipe);
    printOutcomes(outcomes, output, (dropped) => {
      for (const table of dropped) output.twoColumn(table, output.colors.green('DROPPED'));
      if (dropped.length === 0) output.line('  There was nothing to drop.');
    });
    return exitCodeOf(outcomes);
  }
}
