import { refuseUnstorable } from '../../support/storable';
import type { SessionState } from './session-state';

type Change =
  | { readonly kind: 'put'; readonly value: unknown; readonly isFlashed: boolean }
  | { readonly kind: 'add'; readonly by: number }
  | { readonly kind: 'forget' };

/**
 * What one request changes in a session, key by key: it is made to whatever the session holds when it is written, so that of two requests at once
 * each keeps what it changed. Where both changed the same key, the later one to be written wins; sums add up.
 */
export class SessionChanges {
  readonly #changes = new Map<string, Change>();
  /** What this request is the last to see. */
  #aging: ReadonlyMap<string, number> = new Map();
  #isFlushed = false;

  /** Whether the request itself changed something: that what was flashed goes, is not asked for by anybody. */
  get areAny(): boolean {
    return this.#isFlushed || this.#changes.size > 0;
  }

  /** Whether there is something to write. */
  get areToBeWritten(): boolean {
    return this.areAny || this.#aging.size > 0;
  }

  /** Has what was flashed before this request go at its end. */
  age(flashed: ReadonlyMap<string, number>): void {
    this.#aging = new Map(flashed);
  }

  /** @throws E_VALUE_NOT_SERIALIZABLE */
  put(key: string, value: unknown, { isFlashed }: { readonly isFlashed: boolean }): void {
    refuseUnstorable(value);
    this.#changes.set(key, { kind: 'put', value, isFlashed });
  }

  add(key: string, by: number): void {
    const known = this.#changes.get(key);
    if (known === undefined) this.#changes.set(key, { kind: 'add', by });
    else if (known.kind === 'add') this.#changes.set(key, { kind: 'add', by: known.by + by });
    else {
      const isFlashed = known.kind === 'put' && known.isFlashed;
      const value = (known.kind === 'put' ? numberOf(known.value) : 0) + by;
      this.#changes.set(key, { kind: 'put', value, isFlashed });
    }
  }

  forget(key: string): void {
    this.#changes.set(key, { kind: 'forget' });
  }

  flush(): void {
    this.#changes.clear();
    this.#isFlushed = true;
  }

  /** The values as they are with these changes. What goes at the end of the request is there still. */
  seen({ values }: Pick<SessionState, 'values'>): Map<string, unknown> {
    const seen = new Map(this.#isFlushed ? [] : values);
    for (const [key, change] of this.#changes) applyTo(seen, key, change);
    return seen;
  }

  /** What the session holds after these changes. */
  applied(state: SessionState): SessionState {
    const values = this.#isFlushed ? new Map<string, unknown>() : new Map(state.values);
    const flashed = this.#isFlushed ? new Map<string, number>() : new Map(state.flashed);
    for (const [key, number] of this.#aging) {
      // Another request may have flashed it anew meanwhile
      if (flashed.get(key) !== number) continue;
      values.delete(key);
      flashed.delete(key);
    }
    let { flashings } = state;
    for (const [key, change] of this.#changes) {
      applyTo(values, key, change);
      if (change.kind === 'add') continue;
      flashed.delete(key);
      if (change.kind === 'put' && change.isFlashed) flashed.set(key, (flashings += 1));
    }
    return { ...state, values, flashed, flashings };
  }
}

function applyTo(values: Map<string, unknown>, key: string, change: Change): void {
  if (change.kind === 'put') values.set(key, change.value);
  else if (change.kind === 'add') values.set(key, numberOf(values.get(key)) + change.by);
  else values.delete(key);
}

function numberOf(value: unknown): number {
  return typeof value === 'number' ? value : 0;
}
