import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { projectAt } from '../../config/project';
import type { Command, CommandContext } from '../command';
import { forceOption } from '../make/make-file';
import { ownStub, stubNames, STUBS_FOLDER } from '../make/stubs';
import { defineSignature } from '../signature';

const signature = defineSignature({
  name: 'stub:publish',
  description: 'Copy what "make:…" writes into stubs/, to be changed there',
  options: forceOption,
});

export class StubPublishCommand implements Command<typeof signature> {
  static readonly signature = signature;

  handle({ codePath, options, output }: CommandContext<typeof signature>): void {
    const folder = join(projectAt(codePath).basePath, STUBS_FOLDER);
    mkdirSync(folder, { recursive: true });
    const written = stubNames().filter((name) => {
      const file = join(folder, `${name}.stub`);
      if (!options.force && existsSync(file)) return false;
      writeFileSync(file, ownStub(name));
      return true;
    });
    const kept = stubNames().length - written.length;
    const rest =
      kept === 0 ? '' : ` ${kept} were there, and stay as they are (--force replaces them).`;
    output.success(`${written.length} stubs are in ${STUBS_FOLDER}/.${rest}`);
  }
}
