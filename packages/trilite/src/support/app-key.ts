import { randomBytes } from 'node:crypto';

/** A new random key for APP_KEY: 32 bytes in base64, with the prefix that names the encoding. */
export function newAppKey(): string {
  return `base64:${randomBytes(32).toString('base64')}`;
}
