import type { Command, CommandContext } from '../command';
import { defineSignature } from '../signature';

const signature = defineSignature({
  name: 'about',
  description: 'Show what this application is made of',
  options: { json: { description: 'Print JSON and nothing else' } },
});

export class AboutCommand implements Command<typeof signature> {
  static readonly signature = signature;

  async handle({ app, options, output }: CommandContext<typeof signature>): Promise<void> {
    const about = await (await app()).about();
    if (options.json) return output.json(about);
    for (const [section, entries] of Object.entries(about)) {
      output.heading(section);
      for (const [name, value] of Object.entries(entries)) output.twoColumn(name, String(value));
    }
    output.line();
  }
}
