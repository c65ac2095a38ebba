import { clock } from '../../src/support/clock';
import { TenantTokens } from '../../src/tenancy/tenant-tokens';

const tokens = new TenantTokens({ key: 'a key' });

afterEach(() => clock.travelBack());

test('a token names its tenant until it ends', () => {
  clock.travelTo(1_000_000);
  const token = tokens.sign('acme', '10s');
  expect(tokens.verify(token)).toBe('acme');
  clock.travelTo(1_009_999);
  expect(tokens.verify(token)).toBe('acme');
  clock.travelTo(1_010_000);
  expect(() => tokens.verify(token)).toThrow(/has expired/);
});

test('a token may stand in a header and in a URL as it is', () => {
  expect(tokens.sign('acme-2', '10s')).toMatch(/^[\w.-]+$/);
});

test('what has expired and was forged is called forged: nothing of it is believed', () => {
  clock.travelTo(2_000_000);
  const other = new TenantTokens({ key: 'another key' });
  clock.travelTo(1_000_000);
  const forged = other.sign('acme', '10s');
  clock.travelTo(2_000_000);
  expect(() => tokens.verify(forged)).toThrow(
    expect.objectContaining({
      code: 'E_TENANT_TOKEN_INVALID',
      message: expect.stringMatching(/not signed/),
    }),
  );
});

test('every change of a token makes it useless', () => {
  const token = tokens.sign('acme', '1h');
  for (let at = 0; at < token.length; at += 1) {
    for (const letter of ['a', '0', '.', '_']) {
      const changed = token.slice(0, at) + letter + token.slice(at + 1);
      if (changed === token) continue;
      expect(() => tokens.verify(changed)).toThrow(
        expect.objectContaining({ code: 'E_TENANT_TOKEN_INVALID' }),
      );
    }
  }
});

test('a token that a previous key signed is good until it ends, and none is signed with that key', () => {
  const rotated = new TenantTokens({ key: 'a new key', previousKeys: ['another key', 'a key'] });
  expect(rotated.verify(tokens.sign('acme', '1h'))).toBe('acme');
  expect(() => tokens.verify(rotated.sign('acme', '1h'))).toThrow(/not signed/);
});

test('without a key nothing is signed and nothing believed', () => {
  const keyless = new TenantTokens({ previousKeys: ['a key'] });
  const missing = expect.objectContaining({ code: 'E_APP_KEY_MISSING' });
  expect(() => keyless.sign('acme', '1h')).toThrow(missing);
  expect(() => keyless.verify(tokens.sign('acme', '1h'))).toThrow(missing);
});

test('only an id is signed', () => {
  expect(() => tokens.sign('Acme', '1h')).toThrow(
    expect.objectContaining({ code: 'E_TENANT_ID_INVALID' }),
  );
});
