import { randomBytes, scrypt, timingSafeEqual } from 'node:crypto';

/** 16 MB and about a tenth of a second, as OWASP recommends for scrypt at this memory. */
const COST = { N: 2 ** 14, r: 8, p: 5 };
const BYTES = 32;

/** What is kept of a password: a salt of its own, and what scrypt makes of both. */
export async function hashPassword(password: string): Promise<string> {
  const salt = randomBytes(16);
  const key = await derive(password, salt);
  return `${salt.toString('base64url')}.${key.toString('base64url')}`;
}

/** Whether a password is the one that was hashed. Takes as long where there is no hash, so that the time does not tell who has an account. */
export async function isPassword(password: string, hash: string | null): Promise<boolean> {
  const [salt = '', key = ''] = (hash ?? '').split('.');
  const known = Buffer.from(key, 'base64url');
  const given = await derive(password, Buffer.from(salt, 'base64url'));
  return known.length === BYTES && timingSafeEqual(known, given);
}

function derive(password: string, salt: Buffer): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    scrypt(password, salt, BYTES, COST, (error, key) => {
      if (error === null) resolve(key);
      else reject(error);
    });
  });
}
