import { triliteVersion } from '../../support/version';
import type { Command, CommandContext } from '../command';
import { defineSignature } from '../signature';

const signature = defineSignature({ name: 'version', description: 'Show the version of Trilite' });

export class VersionCommand implements Command<typeof signature> {
  static readonly signature = signature;

  handle({ output }: CommandContext<typeof signature>): void {
    output.result(`Trilite ${triliteVersion()}`);
  }
}
