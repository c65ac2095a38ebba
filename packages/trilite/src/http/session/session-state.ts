import { decode, encode, type Stored } from '../../support/serializer';

/** What a session holds. */
export interface SessionState {
  /** What forms send back to show that a page of this session made them. */
  readonly token: string;
  /** Maps, not objects: a key may be any text, `__proto__` too. */
  readonly values: Map<string, unknown>;
  /** Keys that the next request is the last to see, each with the number of its flashing. */
  readonly flashed: Map<string, number>;
  /** How often something was flashed: no number is given twice. */
  readonly flashings: number;
}

/** Lists of pairs, which are JSON where the values are. */
type Written = readonly [
  token: string,
  values: readonly (readonly [string, unknown])[],
  flashed: readonly (readonly [string, number])[],
  flashings: number,
];

export function newState(token: string): SessionState {
  return { token, values: new Map(), flashed: new Map(), flashings: 0 };
}

/** @throws E_VALUE_NOT_SERIALIZABLE */
export function encodeState({ token, values, flashed, flashings }: SessionState): Stored {
  return encode([token, [...values], [...flashed], flashings] satisfies Written);
}

/** @throws E_VALUE_NOT_READABLE */
export function decodeState(payload: Stored): SessionState {
  const [token, values, flashed, flashings] = decode(payload) as Written;
  return { token, values: new Map(values), flashed: new Map(flashed), flashings };
}
