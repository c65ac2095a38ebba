import type { Command, CommandContext } from '../command';
import { CommandUsageError } from '../errors';
import { forceOption, makeFile, nameArgument } from '../make/make-file';
import { readSourceName } from '../make/source-name';
import { defineSignature } from '../signature';

const signature = defineSignature({
  name: 'make:test',
  description: 'Make a test in tests/feature',
  arguments: nameArgument,
  options: {
    unit: { description: 'In tests/unit, without an application' },
    tenant: { description: 'In the work of a tenant' },
    ...forceOption,
  },
});

export class MakeTestCommand implements Command<typeof signature> {
  static readonly signature = signature;

  handle(context: CommandContext<typeof signature>): void {
    const { unit, tenant, force } = context.options;
    const command = signature.name;
    if (unit && tenant) {
      throw CommandUsageError.because(command, '"--unit" and "--tenant" are one or the other');
    }
    const given = context.arguments.name.replace(/\.test(\.ts)?$/, '');
    const { folders, stem } = readSourceName(command, given);
    makeFile(context, {
      command,
      stub: unit ? 'test.unit' : tenant ? 'test.tenant' : 'test',
      path: [unit ? 'tests/unit' : 'tests/feature', ...folders, `${stem}.test.ts`].join('/'),
      values: { sentence: `${stem.replaceAll('-', ' ')} does what it is for` },
      force,
    });
  }
}
