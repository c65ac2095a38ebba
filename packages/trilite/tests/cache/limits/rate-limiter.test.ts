import { Limit, RateLimiter } from 'trilite';
import { travel, travelBack, travelTo } from 'trilite/testing';
import { MemoryRateLimitStore } from '../../../src/cache/limits/memory-rate-limit-store';
import { errorWith } from '../../helpers/errors';

const NOW = Date.UTC(2026, 0, 1);

let store: MemoryRateLimitStore;
let limiter: RateLimiter;

beforeEach(() => {
  store = new MemoryRateLimitStore();
  limiter = new RateLimiter(() => store);
  travelTo(NOW);
});

afterEach(() => travelBack());

describe('attempt', () => {
  const twice = { max: 2, per: '1m' };

  test('allows so many in a window, and then no more until it ends', async () => {
    expect(await limiter.attempt('mail', twice)).toBe(true);
    travel('30s');
    expect(await limiter.attempt('mail', twice)).toBe(true);
    travel('29s');
    expect(await limiter.attempt('mail', twice)).toBe(false);
    expect(await limiter.attempt('other', twice)).toBe(true);
    travel('1s');
    expect(await limiter.attempt('mail', twice)).toBe(true);
  });

  test('returns what its callback returns, and false where it runs none', async () => {
    expect(await limiter.attempt('mail', twice, () => 'sent')).toBe('sent');
    expect(await limiter.attempt('mail', twice, async () => 'later')).toBe('later');
    const callback = jest.fn();
    expect(await limiter.attempt('mail', twice, callback)).toBe(false);
    expect(callback).not.toHaveBeenCalled();
  });

  test('counts nothing that it refuses', async () => {
    for (let time = 0; time < 5; time += 1) await limiter.attempt('mail', twice);
    expect(await limiter.attempts('mail')).toBe(2);
  });

  test('counts a callback that fails', async () => {
    const failed = limiter.attempt('mail', twice, () => Promise.reject(new Error('It broke')));
    await expect(failed).rejects.toThrow('It broke');
    expect(await limiter.attempts('mail')).toBe(1);
  });

  test.each([-1, 1.5, NaN, Infinity])('refuses a maximum of %p', async (max) => {
    await expect(limiter.attempt('mail', { max, per: '1m' })).rejects.toThrow(RangeError);
  });

  test.each([0, -1, '0s', new Date(NOW)])('refuses a span of %p', async (per) => {
    await expect(limiter.attempt('mail', { max: 1, per })).rejects.toThrow(RangeError);
    await expect(limiter.hit('mail', per)).rejects.toThrow(RangeError);
    expect(() => Limit.per(per, 1)).toThrow(RangeError);
  });
});

test('hits are counted, and what is left is told', async () => {
  const state = async () => [
    await limiter.attempts('login'),
    await limiter.remaining('login', 5),
    await limiter.tooManyAttempts('login', 5),
    await limiter.availableIn('login'),
  ];
  expect(await state()).toEqual([0, 5, false, 0]);
  expect(await limiter.hit('login', '90s')).toBe(1);
  expect(await state()).toEqual([1, 4, false, 90]);
  travel('1ms');
  expect(await limiter.hit('login', '90s', 5)).toBe(6);
  expect(await state()).toEqual([6, 0, true, 90]);
  travel('89.998s');
  expect(await state()).toEqual([6, 0, true, 1]);
  travel('1ms');
  expect(await state()).toEqual([0, 5, false, 0]);
});

test('hits of a key are forgotten', async () => {
  await limiter.hit('login', '1m', 5);
  expect(await limiter.clear('login')).toBe(true);
  expect(await limiter.clear('login')).toBe(false);
  expect(await limiter.attempts('login')).toBe(0);
});

test.each([0, -1, 1.5])('%p hits are refused', async (by) => {
  await expect(limiter.hit('login', '1m', by)).rejects.toThrow(RangeError);
});

test('keys are counted apart, however long they are', async () => {
  const long = 'k'.repeat(2000);
  await limiter.hit(long, '1m');
  expect(await limiter.attempts(long)).toBe(1);
  expect(await limiter.attempts(`${long}k`)).toBe(0);
  expect(await limiter.attempts('')).toBe(0);
});

test('limiters with other prefixes count apart', async () => {
  const a = new RateLimiter(() => store, { prefix: 'a:' });
  const b = new RateLimiter(() => store, { prefix: 'b:' });
  await a.hit('login', '1m');
  await a.hit('k'.repeat(2000), '1m');
  expect(await b.attempts('login')).toBe(0);
  expect(await b.attempts('k'.repeat(2000))).toBe(0);
});

test.each<[name: string, limit: Limit, windowMs: number]>([
  ['perSecond', Limit.perSecond(7), 1000],
  ['perMinute', Limit.perMinute(7), 60_000],
  ['perMinutes', Limit.perMinutes(5, 7), 300_000],
  ['perHour', Limit.perHour(7), 3_600_000],
  ['perDay', Limit.perDay(7), 86_400_000],
  ['per', Limit.per('90s', 7), 90_000],
])('Limit.%s is so many in its span', (_, limit, windowMs) => {
  expect(limit).toMatchObject({ max: 7, windowMs, key: '' });
  expect(limit.by('me')).toMatchObject({ max: 7, windowMs, key: 'me' });
});

describe('take', () => {
  test('counts every limit, and tells the tightest', async () => {
    const limits = [Limit.perHour(10).by('me'), Limit.perSecond(2).by('me')];
    expect(await limiter.take(limits)).toEqual({
      allowed: true,
      limit: 2,
      remaining: 1,
      retryAfterSeconds: 0,
    });
    await limiter.take(limits);
    travel('1s');
    expect(await limiter.take([Limit.perHour(10).by('me')])).toMatchObject({ remaining: 7 });
  });

  test('refuses when one refuses, and counts on none', async () => {
    const hour = Limit.perHour(3).by('me');
    const second = Limit.perSecond(1).by('me');
    await limiter.take([hour, second]);
    const refused = { allowed: false, limit: 1, remaining: 0, retryAfterSeconds: 1 };
    expect(await limiter.take([hour, second])).toEqual(refused);
    expect(await limiter.take([second, hour])).toEqual(refused);
    expect(await limiter.take([hour])).toMatchObject({ allowed: true, remaining: 1 });
  });

  test('tells how long to wait until all have room again', async () => {
    const hour = Limit.perHour(1).by('me');
    const second = Limit.perSecond(1).by('me');
    await limiter.take([second, hour]);
    travel('0.5s');
    expect(await limiter.take([second, hour])).toEqual({
      allowed: false,
      limit: 1,
      remaining: 0,
      retryAfterSeconds: 3600,
    });
  });

  test('refuses a limit of 0 for as long as its window would last', async () => {
    expect(await limiter.take([Limit.perMinute(0)])).toEqual({
      allowed: false,
      limit: 0,
      remaining: 0,
      retryAfterSeconds: 60,
    });
  });

  test('allows everything where there is no limit', async () => {
    const free = { allowed: true, limit: Infinity, remaining: Infinity, retryAfterSeconds: 0 };
    expect(await limiter.take([])).toEqual(free);
    expect(await limiter.take([Limit.none().by('me')])).toEqual(free);
    expect(await limiter.take([Limit.none(), Limit.perMinute(5)])).toMatchObject({ limit: 5 });
  });

  test('counts once where two limits are the same', async () => {
    expect(await limiter.take([Limit.perMinute(5), Limit.perMinute(5)])).toMatchObject({
      remaining: 4,
    });
  });

  test('counts apart what has another key, span, maximum or name', async () => {
    await limiter.take([Limit.perMinute(5).by('a')], 'api');
    const full = { remaining: 4 };
    expect(await limiter.take([Limit.perMinute(5).by('b')], 'api')).toMatchObject(full);
    expect(await limiter.take([Limit.perHour(5).by('a')], 'api')).toMatchObject(full);
    expect(await limiter.take([Limit.perMinute(6).by('a')], 'api')).toMatchObject({ remaining: 5 });
    expect(await limiter.take([Limit.perMinute(5).by('a')], 'web')).toMatchObject(full);
    expect(await limiter.take([Limit.perMinute(5).by('a')])).toMatchObject(full);
    expect(await limiter.take([Limit.perMinute(5).by('a')], 'api')).toMatchObject({ remaining: 3 });
  });
});

describe('a named limiter', () => {
  test('gives each subject its limits', async () => {
    limiter.for('api', (user: { id: number; isPremium: boolean }) =>
      user.isPremium ? Limit.none() : Limit.perMinute(1).by(user.id),
    );
    const taken = async (id: number, isPremium = false) =>
      (await limiter.takeFor('api', { id, isPremium })).allowed;
    expect([await taken(1), await taken(1), await taken(2)]).toEqual([true, false, true]);
    expect([await taken(3, true), await taken(3, true)]).toEqual([true, true]);
  });

  test('may have several limits, and find them out later', async () => {
    limiter.for('api', async () => [Limit.perMinute(2), Limit.perDay(100)]);
    expect(await limiter.takeFor('api', undefined)).toMatchObject({ limit: 2, remaining: 1 });
  });

  test('that is declared again is replaced', async () => {
    limiter.for('api', () => Limit.perMinute(1));
    limiter.for('api', () => Limit.perMinute(9));
    expect(await limiter.takeFor('api', undefined)).toMatchObject({ limit: 9 });
  });

  test('that nobody declared is unknown, and those that are known are told', async () => {
    expect(() => limiter.limiter('api')).toThrow(
      errorWith('E_RATE_LIMITER_UNKNOWN', 'there are: none'),
    );
    limiter.for('web', () => Limit.none());
    await expect(limiter.takeFor('api', undefined)).rejects.toThrow(
      errorWith('E_RATE_LIMITER_UNKNOWN', 'The rate limiter "api" is not declared; there are: web'),
    );
  });
});
