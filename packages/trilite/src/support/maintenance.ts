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
  /** The status of every answer. Default: 503. */
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

  /** Takes the application down, or says anew how it is. Whoever was let in is not any more. */
  begin({ secret, status = 503, ...rest }: DownOptions = {}): void {
    const bypass = secret === undefined ? undefined : bypassOf(secret);
    const state: DownState = { since: clock.now(), status, ...rest, bypass };
    const beside = `${this.file}.${process.pid}`;
    const handle = openSync(beside, 'w');
    try {
      writeSync(handle, `${JSON.stringify(state, undefined, 2)}\n`);
      fsyncSync(handle); // renamed, and empty after a power cut: damaged
    } finally {
      closeSync(handle);
    }
    renameSync(beside, this.file);
    this.#lookAt = 0;
  }

  /** Ends it. Tells whether it was down. */
  end(): boolean {
    const wasDown = statSync(this.file, { throwIfNoEntry: false }) !== undefined;
    rmSync(this.file, { force: true });
    this.#lookAt = 0;
    return wasDown;
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
  const state = value as Partial<Record<keyof DownState, unknown>> | null;
  const isWhole =
    typeof state === 'object' &&
    isNumber(state?.since, 0, Infinity) &&
    isNumber(state?.status, 200, 599) &&
    [state?.retryAfterSeconds, state?.refreshSeconds].every((one) => isNone(one, 'number')) &&
    [state?.redirect, state?.page].every((one) => isNone(one, 'string')) &&
    isBypass(state?.bypass);
  if (!isWhole) throw new TypeError('Its content is not what "artisan down" writes.');
  return state as DownState;
}

function isNumber(value: unknown, least: number, most: number): boolean {
  return typeof value === 'number' && value >= least && value <= most;
}

function isNone(value: unknown, type: 'number' | 'string'): boolean {
  return value === undefined || typeof value === type;
}

function isBypass(value: unknown): boolean {
  if (value === undefined) return true;
  const { secretHash, token } = (value ?? {}) as Record<string, unknown>;
  return typeof secretHash === 'string' && typeof token === 'string';
}
