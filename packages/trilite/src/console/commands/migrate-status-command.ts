import type { Command, CommandContext } from '../command';
import { defineSignature } from '../signature';

const signature = defineSignature({
  name: 'migrate:status',
  description: 'Show which migrations have run',
  options: {
    pending: { description: 'Show pending ones alone; exit code 1 when there are any' },
    json: { description: 'Print JSON and nothing else' },
  },
});

export class MigrateStatusCommand implements Command<typeof signature> {
  static readonly signature = signature;

  async handle({ app, options, output }: CommandContext<typeof signature>): Promise<number> {
    const migrator = (await app()).migrator();
    const chosen = await (options.pending ? migrator.pending() : migrator.status());
    if (options.json) {
      output.json(chosen.map(({ batch, ...status }) => ({ ...status, batch: batch ?? null })));
    } else this.#print(chosen, output);
    return options.pending && chosen.length > 0 ? 1 : 0;
  }

  #print(
    statuses: readonly { connection: string; name: string; batch: number | undefined }[],
    output: CommandContext['output'],
  ): void {
    const { dim, green, yellow } = output.colors;
    output.heading('Migration', 'Batch / Status');
    for (const { connection, name, batch } of statuses) {
      output.twoColumn(
        `${dim(`${connection}:`)} ${name}`,
        batch === undefined ? yellow('Pending') : `[${batch}] ${green('Ran')}`,
      );
    }
    output.line();
  }
}
