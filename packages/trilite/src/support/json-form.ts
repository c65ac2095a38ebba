import { types } from 'node:util';
import { isPlainObject } from './storable';

/** Deeper values are refused before they end the stack. */
const DEEPEST = 1000;

/** How much of a path an error shows. */
const SHOWN_KEYS = 8;

/**
 * Values in the form in which JSON keeps them: a Map as an object or as pairs, a Set as a list, a bigint as its digits, bytes as base64. What is
 * plain already comes back itself, and no copy is made of it.
 */
export class JsonForm {
  readonly #refusal: (path: string, found: string) => Error;
  /** The objects that hold what is looked at: for the error alone, which finds the keys between them. */
  readonly #holders: object[] = [];

  /** @param refusal the error for a part that JSON cannot keep, by its path, as `value.rows[3]`, and what it is */
  constructor(refusal: (path: string, found: string) => Error) {
    this.#refusal = refusal;
  }

  /**
   * @returns undefined for undefined, and for an object whose "toJSON" gives that
   * @throws what it was made with for a function, a symbol, a promise, and what holds itself
   */
  of(value: unknown): unknown {
    switch (typeof value) {
      case 'object':
        return value === null ? null : this.#ofObject(value);
      case 'bigint':
        return String(value);
      case 'function':
      case 'symbol':
        throw this.#refuse(value, `a ${typeof value}`);
      default:
        return value;
    }
  }

  #ofObject(value: object): unknown {
    if (this.#holders.length >= DEEPEST) throw this.#refuseDepth(value);
    this.#holders.push(value);
    const form = Array.isArray(value) ? this.#ofItems(value) : this.#ofOther(value);
    this.#holders.pop();
    return form;
  }

  #ofOther(value: object): unknown {
    const prototype: unknown = Object.getPrototypeOf(value);
    if (prototype !== Object.prototype && !isPlainObject(value)) {
      // Before toJSON: a Buffer has one, which lists its bytes
      const special = this.#ofSpecial(value);
      if (special !== undefined) return special;
    }
    if (hasToJson(value)) {
      const own = value.toJSON();
      if (own !== value) return this.of(own);
    }
    return this.#ofFields(value as Record<string, unknown>);
  }

  #ofSpecial(value: object): unknown {
    if (types.isDate(value)) return value; // JSON writes it as it should
    if (types.isMap(value)) return this.#ofMap(value);
    if (types.isSet(value)) return this.#ofItems([...value]);
    if (ArrayBuffer.isView(value)) {
      return Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('base64');
    }
    if (types.isAnyArrayBuffer(value)) return Buffer.from(value).toString('base64');
    if (types.isPromise(value)) throw this.#refuse(value, 'a promise: await it');
    return undefined;
  }

  #ofMap(value: ReadonlyMap<unknown, unknown>): unknown {
    const entries = [...value];
    if (!entries.every(([key]) => typeof key === 'string')) return this.#ofItems(entries);
    return Object.fromEntries(entries.map(([key, item]) => [key, this.of(item)]));
  }

  #ofItems(items: readonly unknown[]): readonly unknown[] {
    let copy: unknown[] | undefined;
    for (let index = 0; index < items.length; index += 1) {
      const item = items[index];
      if (isSimple(item)) continue;
      const form = this.of(item);
      if (Object.is(form, item)) continue;
      copy ??= [...items];
      copy[index] = form;
    }
    return copy ?? items;
  }

  #ofFields(value: Record<string, unknown>): Record<string, unknown> {
    let copy: Record<string, unknown> | undefined;
    for (const key of Object.keys(value)) {
      const item = value[key];
      if (isSimple(item)) continue;
      const form = this.of(item);
      if (Object.is(form, item)) continue;
      copy ??= { ...value };
      copy[key] = form; // __proto__ too: the copy has it as a field of its own
    }
    return copy ?? value;
  }

  #refuse(value: unknown, found: string): Error {
    const chain: readonly unknown[] = [...this.#holders, value];
    const keys = chain.slice(1, 1 + SHOWN_KEYS).map((part, index) => keyOf(chain[index], part));
    const rest = chain.length - 1 > SHOWN_KEYS ? '…' : '';
    return this.#refusal(`value${keys.join('')}${rest}`, found);
  }

  #refuseDepth(value: object): Error {
    const holdsItself = new Set(this.#holders).size < this.#holders.length;
    return this.#refuse(
      value,
      holdsItself ? 'an object that holds itself' : `nested deeper than ${DEEPEST} levels`,
    );
  }
}

/** Most of what is looked at: a question less for each. */
function isSimple(value: unknown): boolean {
  const type = typeof value;
  return type === 'string' || type === 'number' || type === 'boolean' || value === null;
}

function hasToJson(value: { readonly toJSON?: unknown }): value is { toJSON(): unknown } {
  return typeof value.toJSON === 'function';
}

/** The key of a part, as one writes it. */
function keyOf(holder: unknown, part: unknown): string {
  const entries = types.isMap(holder) ? [...holder] : Object.entries(holder as object);
  const [key] = entries.find(([, item]) => item === part) ?? [];
  if (typeof key !== 'string') return '[…]';
  return Array.isArray(holder) ? `[${key}]` : `.${key}`;
}
