import { createHash, randomBytes } from 'node:crypto';
import { isSameSignature } from '../../support/app-key';
import { clock } from '../../support/clock';
import type { Cookies } from '../cookies/cookies';
import { SessionClosedError, SessionEndedError } from '../errors';
import type { InputErrors } from '../validation/errors';
import { SessionChanges } from './session-changes';
import type { SessionCookie } from './session-cookie';
import { decodeState, encodeState, newState, type SessionState } from './session-state';
import type { SessionStore } from './session-store';

/** How often it is noted at most that a session is in use: more often where it would end before. */
const TOUCH_EVERY_MS = 60_000;
const PART_OF_LIFETIME = 0.1;

/** Where what was typed into a form is kept for the next request. */
const OLD_INPUT = '_old_input';
const ERRORS = '_errors';

/** What is never given back to a form, whatever else its name says: `confirm_password`, `user[password]`. */
const SECRET_INPUT = /^_token$|pass(word|phrase|code|wd)/i;

/** What a session is made of. */
export interface SessionParts {
  readonly store: SessionStore;
  readonly cookies: Cookies;
  readonly cookie: SessionCookie;
  /** How long it lives after its last use. */
  readonly lifetimeMs: number;
  /** Whose session it is; undefined for the application's own. */
  readonly tenantId: string | undefined;
}

/** A session that is there. */
interface Known {
  readonly id: string;
  readonly state: SessionState;
  readonly seenAt: number;
}

/**
 * What is kept for a visitor between requests.
 *
 * 1. It is read at its first use in a request, and written once, before the headers of the response leave, if something changed. A request that
 *    does not use it neither reads nor prolongs it.
 * 2. What changes it takes effect at once for the request itself; nothing else is to be awaited than what returns a promise.
 * 3. Of two requests at once, each keeps the keys it changed. Where both changed the same key, the one written later wins; `increment` adds up.
 *    What another request ends meanwhile is not brought back: who has changed something then is told so by E_SESSION_ENDED.
 * 4. An id that is not known is never taken over: who has none, and changes something, gets a new one.
 *
 * @example
 * import type { Request } from 'trilite';
 *
 * export class CartController {
 *   async store({ session, body }: Request) {
 *     const { item } = body as { item: string };
 *     const items = await session.get<string[]>('cart', []);
 *     session.put('cart', [...items, item]);
 *     session.flash('status', `${item} is in the cart.`);
 *   }
 * }
 */
export class Session {
  readonly #parts: SessionParts;
  /** Values of this request alone. */
  readonly #now = new Map<string, unknown>();
  #changes = new SessionChanges();
  #loading: Promise<Known | undefined> | undefined;
  /** That of a session which is still to be made. */
  #newToken: string | undefined;
  #isClosed = false;

  constructor(parts: SessionParts) {
    this.#parts = parts;
  }

  /** Whether this request has used it. */
  get isUsed(): boolean {
    return this.#loading !== undefined;
  }

  /** A value, or the fallback where there is none. What is changed inside of it is kept only when it is put again. */
  get<T = unknown>(key: string): Promise<T | undefined>;
  get<T>(key: string, fallback: T): Promise<T>;
  async get(key: string, fallback?: unknown): Promise<unknown> {
    const values = await this.#values();
    return values.has(key) ? values.get(key) : fallback;
  }

  /** Whether there is a value, `undefined` and `null` included. */
  async has(key: string): Promise<boolean> {
    return (await this.#values()).has(key);
  }

  /** Every value by its key. */
  async all(): Promise<Record<string, unknown>> {
    return Object.fromEntries(await this.#values());
  }

  /**
   * Keeps a value: plain data, as in the cache.
   *
   * @throws E_VALUE_NOT_SERIALIZABLE, E_SESSION_CLOSED
   */
  put(key: string, value: unknown): void {
    this.#change().put(key, value, { isFlashed: false });
    this.#now.delete(key);
  }

  /** Adds to a number, which is 0 where there is none, and gives the sum. @throws TypeError when the value is no number */
  async increment(key: string, by = 1): Promise<number> {
    const current = await this.get(key, 0);
    if (typeof current !== 'number') {
      throw new TypeError(
        `Expected \`${key}\` of the session to be a number, got \`${typeof current}\`.`,
      );
    }
    this.#change().add(key, by);
    return current + by;
  }

  /** A value, which is forgotten. */
  pull<T = unknown>(key: string): Promise<T | undefined>;
  pull<T>(key: string, fallback: T): Promise<T>;
  async pull(key: string, fallback?: unknown): Promise<unknown> {
    const value = await this.get(key, fallback);
    this.forget(key);
    return value;
  }

  /** Forgets values. */
  forget(...keys: readonly string[]): void {
    for (const key of keys) {
      this.#now.delete(key);
      this.#change().forget(key);
    }
  }

  /** Forgets every value, those that other requests put before this one is written included. */
  flush(): void {
    this.#now.clear();
    this.#change().flush();
  }

  /** Keeps a value for this request and the next one that uses the session. @throws E_VALUE_NOT_SERIALIZABLE */
  flash(key: string, value: unknown): void {
    this.#change().put(key, value, { isFlashed: true });
    this.#now.delete(key);
  }

  /** Keeps a value for this request alone. */
  now(key: string, value: unknown): void {
    this.#now.set(key, value);
  }

  /** Keeps what was flashed before this request for one more. */
  async reflash(): Promise<void> {
    const known = await this.#load();
    await this.keep(...(known?.state.flashed.keys() ?? []));
  }

  /** Keeps some of what was flashed before this request for one more. */
  async keep(...keys: readonly string[]): Promise<void> {
    const known = await this.#load();
    const values = await this.#values();
    for (const key of keys) {
      const isFlashed = known?.state.flashed.has(key) === true;
      if (isFlashed && values.has(key)) this.flash(key, values.get(key));
    }
  }

  /** Flashes what was typed into a form, such as `request.body`, for `old`; passwords and the token are left out, and whatever is named. */
  flashInput(input: unknown, { except = [] }: { readonly except?: readonly string[] } = {}): void {
    const fields = typeof input === 'object' && input !== null ? Object.entries(input) : [];
    const shown = fields.filter(([name]) => !SECRET_INPUT.test(name) && !except.includes(name));
    this.flash(OLD_INPUT, shown);
  }

  /** What was typed into a field of the form before; '' by default. */
  async old<T = string>(field: string, fallback?: T): Promise<T> {
    const input = await this.oldInput();
    return (input.has(field) ? input.get(field) : (fallback ?? '')) as T;
  }

  /** What was typed into each field of the form before. */
  async oldInput(): Promise<ReadonlyMap<string, unknown>> {
    return new Map(await this.get<readonly [string, unknown][]>(OLD_INPUT, []));
  }

  /** Flashes what is wrong with which field, for `errors`. */
  flashErrors(errors: InputErrors): void {
    this.flash(ERRORS, errors);
  }

  /** What was wrong with which field of the form that was sent before; empty when nothing was. */
  errors(): Promise<InputErrors> {
    return this.get<InputErrors>(ERRORS, {});
  }

  /** The token that forms of this session send back; it changes with `regenerate` and `invalidate`. */
  async token(): Promise<string> {
    const known = await this.#load();
    if (known !== undefined) return known.state.token;
    if (this.#newToken === undefined) {
      this.#refuseClosed();
      this.#newToken = randomText();
    }
    return this.#newToken;
  }

  /** Whether a text is the token of this session; without a session none is. */
  async hasToken(text: string): Promise<boolean> {
    const known = await this.#load();
    return known !== undefined && isSameSignature(text, known.state.token);
  }

  /**
   * Gives the session a new id and a new token; the old ones are worth nothing at once. To be called whenever somebody signs in: an id that was
   * slipped to them before leads nowhere.
   *
   * @throws E_SESSION_CLOSED
   */
  async regenerate(): Promise<void> {
    const known = await this.#load();
    this.#refuseClosed();
    this.#newToken = undefined;
    if (known === undefined) return; // the first write gives it an id
    const { store } = this.#parts;
    const [id, token] = [randomText(), randomText()];
    const isMoved = await store.move(this.#keyOf(known.id), this.#keyOf(id), (payload) =>
      encodeState({ ...decodeState(payload), token }),
    );
    // Ended meanwhile: nothing of it goes over
    this.#become(isMoved ? { ...known, id, state: { ...known.state, token } } : undefined);
    if (isMoved) this.#send(id);
  }

  /**
   * Ends the session at once, with all that is in it. What is put afterwards begins another one. To be called when somebody signs out.
   *
   * @throws E_SESSION_CLOSED
   */
  async invalidate(): Promise<void> {
    const known = await this.#load();
    this.#refuseClosed();
    this.#newToken = undefined;
    this.#changes = new SessionChanges();
    this.#now.clear();
    if (known !== undefined) await this.#parts.store.remove(this.#keyOf(known.id));
    this.#become(undefined);
    this.#parts.cookie.forget(this.#parts.cookies);
  }

  /**
   * Writes what changed, and ends the use of the session. For `startSession`.
   *
   * @throws E_SESSION_ENDED when another request has ended it, and this one changed something
   */
  async save(): Promise<void> {
    this.#isClosed = true;
    const known = await this.#load();
    if (known === undefined) await this.#create();
    else await this.#write(known);
  }

  /** Ends the use of a session before it has begun: who changes it from now on is told that it is too late. For `startSession`. */
  close(): undefined {
    this.#isClosed = true;
  }

  async #create(): Promise<void> {
    const state = this.#changes.applied(newState(this.#newToken ?? randomText()));
    if (state.values.size === 0 && this.#newToken === undefined) return;
    const id = randomText();
    await this.#parts.store.create(this.#keyOf(id), encodeState(state));
    this.#send(id);
  }

  async #write({ id, seenAt }: Known): Promise<void> {
    const { store } = this.#parts;
    const [key, changes] = [this.#keyOf(id), this.#changes];
    if (changes.areToBeWritten) {
      const isThere = await store.change(key, (payload) =>
        encodeState(changes.applied(decodeState(payload))),
      );
      if (!isThere && changes.areAny) throw SessionEndedError.meanwhile();
    }
    const pauseMs = Math.min(TOUCH_EVERY_MS, this.#parts.lifetimeMs * PART_OF_LIFETIME);
    const isDue = clock.now() - seenAt >= pauseMs;
    // Never of one that has a new id: the browser would forget that again
    if (isDue && (await store.touch(key))) this.#send(id);
  }

  async #values(): Promise<Map<string, unknown>> {
    const known = await this.#load();
    const seen = this.#changes.seen(known?.state ?? { values: new Map() });
    return new Map([...seen, ...this.#now]);
  }

  #change(): SessionChanges {
    this.#refuseClosed();
    // Read now, though only the end needs it: whether it was there is told by the state at its first use. What goes wrong, `save` meets again
    this.#load().catch(() => undefined);
    return this.#changes;
  }

  #load(): Promise<Known | undefined> {
    this.#loading ??= this.#find();
    return this.#loading;
  }

  async #find(): Promise<Known | undefined> {
    const { cookie, cookies, store } = this.#parts;
    const id = cookie.read(cookies);
    const stored = id === undefined ? undefined : await store.find(this.#keyOf(id));
    if (id === undefined || stored === undefined) return undefined;
    const state = decodeState(stored.payload);
    this.#changes.age(state.flashed);
    return { id, state, seenAt: stored.seenAt };
  }

  #become(known: Known | undefined): void {
    this.#loading = Promise.resolve(known);
  }

  #send(id: string): void {
    this.#parts.cookie.send(this.#parts.cookies, id);
  }

  /** What the store knows of an id: a hash, and another one for each tenant. */
  #keyOf(id: string): string {
    const whose = JSON.stringify([this.#parts.tenantId ?? null, id]);
    return createHash('sha256').update(whose).digest('base64url');
  }

  #refuseClosed(): void {
    if (this.#isClosed) throw SessionClosedError.changing();
  }
}

/** 256 bits that nobody guesses, as text. */
function randomText(): string {
  return randomBytes(32).toString('base64url');
}
