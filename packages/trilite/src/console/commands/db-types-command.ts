import { GENERATED_HEADER } from '../../database/types/print-tables';
import type { Command, CommandContext } from '../command';
import { generatedFileOptions, writeGeneratedFile } from '../generated-file';
import { defineSignature } from '../signature';

const signature = defineSignature({
  name: 'db:types',
  description: 'Write the types of the tables that the migrations make',
  options: {
    ...generatedFileOptions,
    output: {
      type: 'string',
      value: 'file',
      description: 'The file to write, from the folder of the application',
      default: 'app/tables.ts',
    },
  },
});

export class DbTypesCommand implements Command<typeof signature> {
  static readonly signature = signature;

  async handle({ app, options, output }: CommandContext<typeof signature>): Promise<number> {
    const application = await app();
    const file = {
      command: signature.name,
      source: 'the migrations',
      header: GENERATED_HEADER,
      generate: () => application.tableTypes(),
    };
    return writeGeneratedFile(file, options, { basePath: application.basePath, output });
  }
}
