import { createHash, randomBytes } from 'node:crypto';
import {
  closeSync,
  fsyncSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { isSameSignature, signatureOf } from './app-key';
import { clock, monotonicMs } from './clock';
import { toError } from './errors';
import type { Logger } from './logger';

/*
 * Whether the whole application is down for maintenance: it is while the file down.json lies in its storage folder.
 *
 *   up ──begin()──▶ down ──begin(): with what it says now──▶ down ──end()──▶ up
 *
 * Invariants:
 * 1. The file is there whole or not at all: it is written beside its place, and renamed.
 * 2. One that is there and cannot be read means down: nothing comes up by accident.
 * 3. It needs no database and no configuration, so that an application can be taken down that does not boot.
 */

/** How long what was seen of the file counts: a look at it costs as much as a cached read. */
const LOOK_EVERY_MS = 100;

const PURPOSE = 'maintenance bypass';

/** How an application is down. */
export interface DownOptions {
  /** The status of every answer: 200 to 599, and none without a body. Default: 503. */
  readonly status?: number | undefined;
  /** When to ask again, for the header "Retry-After". Default: none. */
  readonly retryAfterSeconds?: number | undefined;
  /** When browsers load the page again by themselves, for the header "Refresh". Default: none. */
  readonly refreshSeconds?: number | undefined;
  /** Where every request is sent but those for that place: a path, or a whole address. Default: nowhere. */
  readonly redirect?: string | undefined;
  /** The HTML that browsers are shown. Default: a page of ours. */
  readonly page?: string | undefined;
  /** What lets in whoever knows it, as the path of an address. Default: nobody is let in. */
  readonly secret?: string | undefined;
}

/** That an application is down, as its file says. */
export interface DownState extends Omit<DownOptions, 'secret' | 'status'> {
  /** Since when, in epoch milliseconds. */
  readonly since: number;
  readonly status: number;
  /** What lets somebody in. The secret itself is not kept. */
  readonly bypass?: { readonly secretHash: string; readonly token: string } | undefined;
  /** Why the file cannot be read; the rest is as if it said nothing. */
  readonly damage?: Error | undefined;
}

/** Whether an application is down for maintenance, for every process of it. */
export class Maintenance {
  readonly file: string;
  readonly #logger: Pick<Logger, 'error'> | undefined;
  #state: DownState | undefined;
  /** Which file `#state` was read from. */
  #seen = '';
  #lookAt = 0;

  /** @param logger told of a file that cannot be read, once for each. Default: nobody. */
  constructor(storagePath: string, logger?: Pick<Logger, 'error'>) {
    this.file = join(storagePath, 'down.json');
    this.#logger = logger;
  }

  get isDown(): boolean {
    return this.state() !== undefined;
  }

  /** How it is down; undefined while it is up. What another process changes is seen a tenth of a second later at most. */
  state(): DownState | undefined {
    const now = monotonicMs();
    if (now >= this.#lookAt) {
      this.#look();
      this.#lookAt = now + LOOK_EVERY_MS;
    }
    return this.#state;
  }

  /**
   * Takes the application down, or says anew how it is. Whoever was let in is not any more.
   *
   * @throws RangeError for what an option cannot be
   */
  begin({ secret, status = 503, ...rest }: DownOptions = {}): void {
    const bypass = secret === undefined ? undefined : bypassOf(secret);
    const state: DownState = { since: clock.now(), status, ...rest, bypass };
    const wrong = wrongIn(state);
    if (wrong !== undefined) {
      throw new RangeError(`Expected \`${wrong}\` to be ${RULES[wrong].expected}`);
    }
    this.#write(`${JSON.stringify(state, undefined, 2)}\n`);
    this.#lookAt = 0;
  }

  /** Ends it. Tells whether it was down. */
  end(): boolean {
    const wasDown = statSync(this.file, { throwIfNoEntry: false }) !== undefined;
    rmSync(this.file, { force: true });
    this.#lookAt = 0;
    return wasDown;
  }

  #write(text: string): void {
    const beside = `${this.file}.${process.pid}`;
    try {
      const handle = openSync(beside, 'w', 0o600); // who reads the bypass can make a pass of it
      try {
        writeSync(handle, text);
        fsyncSync(handle); // renamed, and empty after a power cut: damaged
      } finally {
        closeSync(handle);
      }
      renameSync(beside, this.file);
    } catch (error) {
      rmSync(beside, { force: true });
      throw error;
    }
  }

  #look(): void {
    const seen = this.#factsOf();
    if (seen === this.#seen) return;
    this.#seen = seen;
    this.#state = seen === '' ? undefined : this.#read();
    const err = this.#state?.damage;
    if (err !== undefined) {
      this.#logger?.error({ err }, `${this.file} cannot be read: the application is down`);
    }
  }

  /** What tells one file from the next; '' for none. */
  #factsOf(): string {
    try {
      const stat = statSync(this.file, { throwIfNoEntry: false });
      return stat === undefined ? '' : `${stat.ino} ${stat.mtimeMs} ${stat.size}`;
    } catch {
      return 'not to be looked at'; // a folder that may not be entered says nothing, so what is in it may be this file
    }
  }

  #read(): DownState | undefined {
    try {
      return parse(readFileSync(this.file, 'utf8'));
    } catch (thrown) {
      if (this.#factsOf() === '') return undefined; // it ended between the two
      return { since: clock.now(), status: 503, damage: toError(thrown) };
    }
  }
}

/** Whether a text is the secret of a state, in the same time whether it differs early or late. */
export function isSecretOf({ bypass }: DownState, text: string): boolean {
  return bypass !== undefined && isSameSignature(hashOf(text), bypass.secretHash);
}

/** What whoever knew the secret carries from then on; good for this state alone. Undefined when nobody is let in. */
export function passOf({ bypass }: DownState): string | undefined {
  return bypass && signatureOf(bypass.secretHash, { key: bypass.token, purpose: PURPOSE });
}

/** Whether a text is the pass of a state. */
export function isPassOf(state: DownState, text: string): boolean {
  const pass = passOf(state);
  return pass !== undefined && isSameSignature(text, pass);
}

/** A secret that nobody guesses. */
export function newSecret(): string {
  return randomBytes(18).toString('base64url');
}

function bypassOf(secret: string): NonNullable<DownState['bypass']> {
  return { secretHash: hashOf(secret), token: randomBytes(32).toString('base64url') };
}

function hashOf(secret: string): string {
  return createHash('sha256').update(secret).digest('base64url');
}

/** Somebody may have written it by hand. */
function parse(text: string): DownState {
  const value: unknown = JSON.parse(text);
  if (typeof value !== 'object' || value === null) throw new TypeError('It holds no object.');
  const wrong = wrongIn(value);
  if (wrong === undefined) return value as DownState;
  throw new TypeError(`Its "${wrong}" is not ${RULES[wrong].expected}.`);
}

/** What each part of a state has to be, whoever says it. */
interface Rule {
  readonly expected: string;
  readonly isMet: (value: unknown) => boolean;
}

type Part = Exclude<keyof DownState, 'damage'>;

const SECONDS: Rule = {
  expected: 'a whole number of seconds, 1 or more',
  isMet: (value) => value === undefined || isWhole(value, 1, Number.MAX_SAFE_INTEGER),
};

const RULES: Readonly<Record<Part, Rule>> = {
  since: {
    expected: 'a time in epoch milliseconds',
    isMet: (value) => isWhole(value, 0, Number.MAX_SAFE_INTEGER),
  },
  status: { expected: 'a status from 200 to 599 that has a body', isMet: isDownStatus },
  retryAfterSeconds: SECONDS,
  refreshSeconds: SECONDS,
  redirect: {
    expected: 'a path such as "/soon", or a whole address',
    isMet: (value) => value === undefined || isDownRedirect(value),
  },
  page: {
    expected: 'text',
    isMet: (value) => value === undefined || typeof value === 'string',
  },
  bypass: { expected: 'what "artisan down" writes', isMet: isBypass },
};

function wrongIn(state: object): Part | undefined {
  const parts = Object.keys(RULES) as Part[];
  return parts.find((part) => !RULES[part].isMet((state as Partial<Record<Part, unknown>>)[part]));
}

/** Statuses whose answers have no body, so that nobody would see the page. @see RFC 9110, section 15 */
const BODILESS: readonly unknown[] = [204, 205, 304];

/** Whether an application that is down can answer with a status. */
export function isDownStatus(value: unknown): boolean {
  return isWhole(value, 200, 599) && !BODILESS.includes(value);
}

/** Whether a text is a place where requests can be sent: a path of this site, or a whole address. */
export function isDownRedirect(value: unknown): boolean {
  return (
    typeof value === 'string' &&
    /^(\/(?![/\\])|https?:\/\/)\S*$/.test(value) &&
    URL.canParse(value, 'http://localhost')
  );
}

function isWhole(value: unknown, least: number, most: number): boolean {
  return Number.isSafeInteger(value) && (value as number) >= least && (value as number) <= most;
}

function isBypass(value: unknown): boolean {
  if (value === undefined) return true;
  const { secretHash, token } = (value ?? {}) as Record<string, unknown>;
  return typeof secretHash === 'string' && typeof token === 'string';
}
