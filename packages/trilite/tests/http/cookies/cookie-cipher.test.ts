import { CookieCipher } from '../../../src/http/cookies/cookie-cipher';
import { newAppKey } from '../../../src/support/app-key';

const KEY = newAppKey();
const cipher = new CookieCipher({ key: KEY });
const BINDING = { name: 'theme', tenantId: undefined };

test('what was sealed is opened, whatever the text is', () => {
  for (const text of ['', 'dark', 'ü 🙂 \r\n; =', 'x'.repeat(3000)]) {
    expect(cipher.open(cipher.seal(text, BINDING), BINDING)).toEqual({ text, isOutdated: false });
  }
});

test('a sealed text does not show what it holds, and is another each time', () => {
  const [first, second] = [cipher.seal('dark', BINDING), cipher.seal('dark', BINDING)];
  expect(first).not.toBe(second);
  expect(first).toMatch(/^[\w-]+$/);
  expect(Buffer.from(first, 'base64url').includes('dark')).toBe(false);
});

test('a text with any one character altered, left out or added is not opened', () => {
  const sealed = cipher.seal('dark', BINDING);
  for (let at = 0; at < sealed.length; at += 1) {
    const altered = sealed[at] === 'A' ? 'B' : 'A';
    const [before, after] = [sealed.slice(0, at), sealed.slice(at + 1)];
    expect(cipher.open(`${before}${altered}${after}`, BINDING)).toBeUndefined();
    expect(cipher.open(`${before}${after}`, BINDING)).toBeUndefined();
    expect(cipher.open(`${before}A${sealed.slice(at)}`, BINDING)).toBeUndefined();
  }
});

test('what is no sealed text at all is not opened', () => {
  for (const text of [
    '',
    'A',
    'AQ',
    'dark',
    '.',
    `${cipher.seal('dark', BINDING)}=`,
    'A'.repeat(60),
  ]) {
    expect(cipher.open(text, BINDING)).toBeUndefined();
  }
});

test('a text is worth nothing under another name, for another tenant, or for none', () => {
  const binding = { name: 'theme', tenantId: 'acme' };
  const sealed = cipher.seal('dark', binding);
  expect(cipher.open(sealed, binding)?.text).toBe('dark');
  for (const other of [
    { name: 'themes', tenantId: 'acme' },
    { name: 'theme', tenantId: 'globex' },
    { name: 'theme', tenantId: undefined },
    { name: 'themeacme', tenantId: undefined },
  ]) {
    expect(cipher.open(sealed, other)).toBeUndefined();
  }
});

test('what a previous key sealed is opened, and known to be outdated; what no key sealed is not', () => {
  const rotated = new CookieCipher({ key: newAppKey(), previousKeys: [newAppKey(), KEY] });
  expect(rotated.open(cipher.seal('dark', BINDING), BINDING)).toEqual({
    text: 'dark',
    isOutdated: true,
  });
  expect(
    new CookieCipher({ key: newAppKey() }).open(cipher.seal('dark', BINDING), BINDING),
  ).toBeUndefined();
  expect(cipher.open(rotated.seal('dark', BINDING), BINDING)).toBeUndefined();
});

test('without a key nothing is sealed, though previous ones open', () => {
  const keyless = new CookieCipher({ previousKeys: [KEY] });
  expect(keyless.open(cipher.seal('dark', BINDING), BINDING)?.isOutdated).toBe(true);
  expect(() => keyless.seal('dark', BINDING)).toThrow(
    expect.objectContaining({ code: 'E_APP_KEY_MISSING' }),
  );
});
