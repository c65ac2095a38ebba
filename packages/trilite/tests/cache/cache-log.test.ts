import { CacheEvents } from '../../src/cache/cache-events';
import { logCacheTroubles } from '../../src/cache/cache-log';
import { CacheUnavailableError } from '../../src/cache/errors';
import * as clockModule from '../../src/support/clock';
import type { Logger } from '../../src/support/logger';

const warn = jest.fn();
const error = jest.fn();
let events: CacheEvents;
let now: number;

beforeEach(() => {
  jest.clearAllMocks();
  now = 0;
  jest.spyOn(clockModule, 'monotonicMs').mockImplementation(() => now);
  events = new CacheEvents();
  logCacheTroubles(events, { warn, error } as unknown as Logger);
});

afterEach(() => jest.restoreAllMocks());

function fail(store = 'main'): void {
  const cause = CacheUnavailableError.because(store, new Error('It broke down.'));
  events.emit({ kind: 'unavailable', store, error: cause });
}

test('a store that does not answer is logged once a minute, with how often it was asked in vain', () => {
  for (let time = 0; time < 100; time += 1) fail();
  expect(error).toHaveBeenCalledTimes(1);
  expect(error).toHaveBeenCalledWith(
    expect.objectContaining({ store: 'main', operations: 1 }),
    'The cache store "main" does not answer: It broke down.',
  );
  now = 60_000;
  fail();
  expect(error).toHaveBeenCalledTimes(2);
  expect(error).toHaveBeenLastCalledWith(
    expect.objectContaining({ operations: 100 }),
    expect.any(String),
  );
});

test('each store is logged for itself', () => {
  fail('main');
  fail('other');
  expect(error).toHaveBeenCalledTimes(2);
});

test('a file that was made anew, another store, and a refresh that failed are logged', () => {
  events.emit({ kind: 'recreated', store: 'main', kept: '/kept' });
  events.emit({ kind: 'recreated', store: 'main', kept: undefined });
  events.emit({ kind: 'failed-over', store: 'main', from: 'a', error: new Error('It is down') });
  events.emit({ kind: 'refresh-failed', store: 'main', key: 'k', error: new Error('It broke') });
  expect(warn.mock.calls.map(([facts]: unknown[]) => facts)).toEqual([
    { store: 'main', kept: '/kept' },
    { store: 'main', kept: undefined },
    expect.objectContaining({ store: 'main', from: 'a' }),
  ]);
  expect(error).toHaveBeenCalledWith(
    expect.objectContaining({ store: 'main', key: 'k' }),
    expect.any(String),
  );
});

test('what is no trouble is not logged', () => {
  events.emit({ kind: 'hit', store: 'main', key: 'k' });
  events.emit({ kind: 'written', store: 'main', keys: ['k'] });
  events.emit({ kind: 'cleared', store: 'main' });
  expect([...warn.mock.calls, ...error.mock.calls]).toEqual([]);
});
