import type { ConsoleApplication } from '../console-application';
import type { Command, CommandContext } from '../command';
import type { Output } from '../output';
import { defineSignature } from '../signature';

const signature = defineSignature({
  name: 'migrate',
  description: 'Create missing files and bring every connection up to date',
});

export class MigrateCommand implements Command<typeof signature> {
  static readonly signature = signature;

  async handle({ app, output }: CommandContext<typeof signature>): Promise<void> {
    await migrate(await app(), output);
  }
}

/** Runs what is pending, a task line each. */
export async function migrate(app: ConsoleApplication, output: Output): Promise<void> {
  const steps = await app.migrator().prepare();
  if (steps.length === 0) return output.info('Nothing to migrate.');
  output.info('Running migrations.');
  for (const step of steps) {
    await output.task(`${output.colors.dim(`${step.connection}:`)} ${step.name}`, step.run);
  }
  output.line();
}
