import { Sessions } from '../../http/session/sessions';
import type { Command, CommandContext } from '../command';
import { defineSignature } from '../signature';

const signature = defineSignature({
  name: 'session:prune',
  description: 'Remove the sessions that have ended',
});

export class SessionPruneCommand implements Command<typeof signature> {
  static readonly signature = signature;

  async handle({ app, output }: CommandContext<typeof signature>): Promise<void> {
    const count = await (await app()).make(Sessions).prune();
    output.success(`Removed ${count === 1 ? '1 session' : `${count} sessions`} that had ended.`);
  }
}
