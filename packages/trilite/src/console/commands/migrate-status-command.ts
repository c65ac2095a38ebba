import type { MigrationStatus } from '../../database/migrations/migrator';
import type { Command, CommandContext } from '../command';
import { defineSignature } from '../signature';

const signature = defineSignature({
  name: 'migrate:status',
  description: 'Show which migrations have run',
  options: {
    connection: { type: 'string', value: 'name', description: 'One connection alone' },
    pending: { description: 'Show pending ones alone; exit code 1 when there are any' },
    json: { description: 'Print JSON and nothing else' },
  },
});

export class MigrateStatusCommand implements Command<typeof signature> {
  static readonly signature = signature;

  async handle({ app, options, output }: CommandContext<typeof signature>): Promise<number> {
    const migrator = (await app()).migrator();
    const { connection } = options;
    const chosen = await (options.pending
      ? migrator.pending({ connection })
      : migrator.status({ connection }));
    if (options.json) {
      output.json(chosen.map(({ batch, ...status }) => ({ ...status, batch: batch ?? null })));
    } else if (options.pending && chosen.length === 0) output.info('Nothing is pending.');
    else this.#print(chosen, output);
    return options.pending && chosen.length > 0 ? 1 : 0;
  }

  #print(statuses: readonly MigrationStatus[], output: CommandContext['output']): void {
    const { dim } = output.colors;
    output.heading('Migration', 'Batch / Status');
    for (const status of statuses) {
      const { connection, name } = status;
      output.twoColumn(`${dim(`${connection}:`)} ${name}`, stateOf(status, output));
    }
    output.line();
  }
}

function stateOf(
  { batch, isFilling, hasFile }: MigrationStatus,
  { colors }: CommandContext['output'],
): string {
  if (batch === undefined) return colors.yellow('Pending');
  if (isFilling) return `[${batch}] ${colors.yellow('Filling its table')}`;
  return `[${batch}] ${hasFile ? colors.green('Ran') : colors.yellow('Ran, its file is gone')}`;
}
