import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { allOf, derivedKey, type AppKeys } from '../../support/app-key';
import { AppKeyMissingError } from '../../tenancy/errors';

/** Where APP_KEY encrypts or signs something else, the key is another. */
const PURPOSE = 'trilite/cookie';

/** The first byte of a sealed text: how the rest is to be read. */
const VERSION = 1;
const SALT_BYTES = 16;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const HEAD_BYTES = 1 + SALT_BYTES + NONCE_BYTES;

/** What a sealed text is bound to: under anything else it is worth nothing. */
export interface CookieBinding {
  readonly name: string;
  /** Whose cookie it is; undefined for the application's own. */
  readonly tenantId: string | undefined;
}

/** A text that was sealed. */
export interface OpenedText {
  readonly text: string;
  /** Whether a previous key sealed it. */
  readonly isOutdated: boolean;
}

/**
 * Encrypts and authenticates the values of cookies: AES-256-GCM, each text under a key of its own that HKDF derives from APP_KEY and a random
 * salt, so that no number of cookies wears a key out.
 */
export class CookieCipher {
  readonly #key: string | undefined;
  readonly #keys: readonly string[];

  /** @param keys the previous ones open, and seal nothing */
  constructor(keys: AppKeys) {
    this.#key = keys.key;
    this.#keys = allOf(keys);
  }

  /**
   * A text as a cookie holds it: letters, digits, `-` and `_` alone.
   *
   * @throws E_APP_KEY_MISSING
   */
  seal(text: string, binding: CookieBinding): string {
    const key = this.#key;
    if (key === undefined) throw AppKeyMissingError.encrypting('a cookie');
    const salt = randomBytes(SALT_BYTES);
    const nonce = randomBytes(NONCE_BYTES);
    const cipher = createCipheriv(
      'aes-256-gcm',
      derivedKey({ key, purpose: PURPOSE }, salt),
      nonce,
    );
    cipher.setAAD(boundTo(binding));
    const parts = [cipher.update(text, 'utf8'), cipher.final(), cipher.getAuthTag()];
    return Buffer.concat([Buffer.of(VERSION), salt, nonce, ...parts]).toString('base64url');
  }

  /** The text of a sealed one; undefined for what was altered, is bound to something else, or was sealed with no key there is. */
  open(sealed: string, binding: CookieBinding): OpenedText | undefined {
    const bytes = Buffer.from(sealed, 'base64url');
    if (bytes.length < HEAD_BYTES + TAG_BYTES || bytes[0] !== VERSION) return undefined;
    if (bytes.toString('base64url') !== sealed) return undefined; // one text has one spelling
    for (const key of this.#keys) {
      const text = openWith(key, bytes, binding);
      if (text !== undefined) return { text, isOutdated: key !== this.#key };
    }
    return undefined;
  }
}

function openWith(key: string, bytes: Buffer, binding: CookieBinding): string | undefined {
  const salt = bytes.subarray(1, 1 + SALT_BYTES);
  const nonce = bytes.subarray(1 + SALT_BYTES, HEAD_BYTES);
  const secret = derivedKey({ key, purpose: PURPOSE }, salt);
  const decipher = createDecipheriv('aes-256-gcm', secret, nonce, { authTagLength: TAG_BYTES });
  decipher.setAAD(boundTo(binding));
  decipher.setAuthTag(bytes.subarray(-TAG_BYTES));
  const text = decipher.update(bytes.subarray(HEAD_BYTES, -TAG_BYTES));
  try {
    return Buffer.concat([text, decipher.final()]).toString('utf8');
  } catch {
    return undefined; // it is not authentic under this key; tags are compared in constant time
  }
}

function boundTo({ name, tenantId }: CookieBinding): Buffer {
  return Buffer.from(JSON.stringify([name, tenantId ?? null]));
}
