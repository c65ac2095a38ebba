import type { ListenerDescription } from '../../events/event-dispatcher';
import type { Command, CommandContext } from '../command';
import { defineSignature } from '../signature';

const signature = defineSignature({
  name: 'event:list',
  description: 'List the events and their listeners, in the order they are called',
  options: { json: { description: 'Print JSON and nothing else' } },
});

export class EventListCommand implements Command<typeof signature> {
  static readonly signature = signature;

  async handle({ app, options, output }: CommandContext<typeof signature>): Promise<void> {
    const listeners = (await app()).events.describe();
    if (options.json) return output.json(listeners);
    output.line();
    let last: string | undefined;
    for (const one of listeners) {
      if (one.event !== last) output.line(`  ${output.colors.yellow(one.event)}`);
      last = one.event;
      output.twoColumn(`  ${one.listener}`, whenOf(one));
    }
    if (listeners.length === 0) output.line('  No listeners: put one into app/listeners.');
    output.line();
  }
}

function whenOf({ isQueued, isAfterCommit }: ListenerDescription): string {
  if (isQueued) return 'queued';
  return isAfterCommit ? 'after the commit' : 'at once';
}
