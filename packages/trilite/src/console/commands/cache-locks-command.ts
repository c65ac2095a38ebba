import type { HeldLock } from '../../cache/locks/lock-store';
import { clock } from '../../support/clock';
import { humanDuration } from '../../support/duration';
import type { Command, CommandContext } from '../command';
import { holderText } from '../holder-text';
import type { Output } from '../output';
import { defineSignature } from '../signature';

const signature = defineSignature({
  name: 'cache:locks',
  description: 'List the locks that are held, and take one away',
  options: {
    release: { type: 'string', value: 'name', description: 'Take this lock from whoever holds it' },
    store: {
      type: 'string',
      value: 'name',
      description: 'Those of a cache store that keeps its own, as redis does',
    },
    json: { description: 'Print JSON and nothing else' },
  },
});

export class CacheLocksCommand implements Command<typeof signature> {
  static readonly signature = signature;

  async handle({ app, options, output }: CommandContext<typeof signature>): Promise<number> {
    const { caches, locks: shared } = await app();
    const locks = options.store === undefined ? shared : caches.locks(options.store);
    if (options.release !== undefined) {
      const wasHeld = await locks.lock(options.release, '1s').forceRelease();
      return sayReleased(options.release, wasHeld, options.json, output);
    }
    const held = (await locks.held()).map(describe);
    if (options.json) output.json(held);
    else sayHeld(held, output);
    return 0;
  }
}

function sayReleased(name: string, wasHeld: boolean, asJson: boolean, output: Output): number {
  if (asJson) output.json({ name, wasHeld });
  else if (wasHeld) output.success(`The lock "${name}" is free.`);
  else output.error(`Nobody holds the lock "${name}".`);
  return wasHeld ? 0 : 1;
}

function sayHeld(held: readonly ReturnType<typeof describe>[], output: Output): void {
  if (held.length === 0) return output.info('No lock is held.');
  const rows = held.map(({ name, holder, isGone, acquiredAt, expiresAt }) => [
    name,
    isGone ? `${holder}, gone` : holder,
    new Date(acquiredAt).toISOString(),
    humanDuration(Math.max(0, expiresAt - clock.now())),
  ]);
  output.table(['Lock', 'Held by', 'Since', 'Expires in'], rows);
}

/** A lock as it is shown, and printed as JSON. */
function describe({ name, owner, boundTo, acquiredAt, expiresAt, isAbandoned }: HeldLock) {
  // Only here: `list` is to answer at once
  const { isOwnerGone } = require('../../support/owner') as typeof import('../../support/owner');
  const taker = boundTo ?? owner;
  return {
    name,
    owner,
    holder: holderText(taker),
    acquiredAt,
    expiresAt,
    /** Whether it is free as soon as its process is gone. */
    isBound: boundTo !== undefined,
    isGone: isAbandoned || isOwnerGone(taker),
  };
}
