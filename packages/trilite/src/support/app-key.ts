import { createHmac, hkdfSync, randomBytes, timingSafeEqual } from 'node:crypto';

/** A new random key for APP_KEY: 32 bytes in base64, with the prefix that names the encoding. */
export function newAppKey(): string {
  return `base64:${randomBytes(32).toString('base64')}`;
}

/**
 * The signature of a text: HMAC-SHA256 with a key of its own for each purpose, in base64url.
 *
 * @param purpose what the signature is for, so that none is taken for another
 */
export function signatureOf(text: string, { key, purpose }: SignatureOptions): string {
  const secret = createHmac('sha256', keyBytes(key)).update(purpose).digest();
  return createHmac('sha256', secret).update(text).digest('base64url');
}

/** The keys in the order they are tried in. */
export function allOf({ key, previousKeys = [] }: AppKeys): readonly string[] {
  return [...(key === undefined ? [] : [key]), ...previousKeys];
}

/** Whether two signatures are the same, in the same time whether they differ early or late. */
export function isSameSignature(one: string, other: string): boolean {
  const [first, second] = [Buffer.from(one), Buffer.from(other)];
  return first.length === second.length && timingSafeEqual(first, second);
}

/** What an application signs and encrypts with. */
export interface AppKeys {
  /** APP_KEY; undefined where there is none. */
  readonly key?: string | undefined;
  /** What it was before: what was signed or encrypted with one of them is still believed. Default: none. */
  readonly previousKeys?: readonly string[] | undefined;
}

/** With what a text is signed. */
export interface SignatureOptions {
  /** APP_KEY. */
  readonly key: string;
  readonly purpose: string;
}

/**
 * A key of 32 bytes for one purpose and one salt, by HKDF-SHA256.
 *
 * @see https://www.rfc-editor.org/rfc/rfc5869
 */
export function derivedKey({ key, purpose }: SignatureOptions, salt: Buffer): Buffer {
  return Buffer.from(hkdfSync('sha256', keyBytes(key), salt, purpose, 32));
}

function keyBytes(key: string): Buffer {
  const [, encoded] = /^base64:(.+)$/.exec(key) ?? [];
  return encoded === undefined ? Buffer.from(key) : Buffer.from(encoded, 'base64');
}
