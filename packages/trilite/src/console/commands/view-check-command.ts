import { ViewEngine } from '../../view/view-engine';
import type { Command, CommandContext } from '../command';
import { defineSignature } from '../signature';

const signature = defineSignature({
  name: 'view:check',
  description: 'Compile every template of resources/views, and say which are not valid',
  options: { json: { description: 'Print JSON and nothing else' } },
});

export class ViewCheckCommand implements Command<typeof signature> {
  static readonly signature = signature;

  async handle({ app, options, output }: CommandContext<typeof signature>): Promise<number> {
    const views = (await app()).make(ViewEngine).check();
    const failed = views.filter(({ error }) => error !== undefined);
    if (options.json) {
      output.json(views.map(({ view, error }) => ({ view, error: error?.message ?? null })));
    } else if (failed.length === 0) {
      output.success(`All ${views.length} views are valid.`);
    } else {
      for (const { error } of failed) output.error(error?.message ?? '');
    }
    return failed.length > 0 ? 1 : 0;
  }
}
