import { travel, travelTo } from 'trilite/testing';
import type { RetryOutcome } from '../../src/queue/job-records';
import {
  app,
  artisan,
  dispatch,
  failed,
  failedIds,
  json,
  pending,
  startInProduction,
  stateOf,
  useQueueProject,
  work,
} from '../helpers/queue-project';

useQueueProject();

describe('queue:failed', () => {
  test('lists by queue and class, the latest first, and at most as many as it is told', async () => {
    const first = await failed('Break', 'first');
    travel('1s');
    const second = await failed('Break', 'second');
    const other = await failed('Once');
    const ids = async (line: string): Promise<string[]> =>
      (await json<{ id: string }[]>(`queue:failed ${line}`)).value.map(({ id }) => id);
    expect(await ids('--queue=breaking')).toEqual([second, first]);
    expect(await ids('--class=Once')).toEqual([other]);
    expect(await ids('--queue=breaking --limit=1')).toEqual([second]);
    const { out } = await artisan('queue:failed --limit=1 --class=Break');
    expect(out).toMatch(new RegExp(`${second} breaking .* Break\n {4}It broke: second\n`));
    expect(out).toContain('The latest 1; --limit shows more.');
    expect((await artisan('queue:failed --limit=3')).out).not.toContain('shows more');
  });
});

describe('queue:retry', () => {
  test('puts back by id, and says which id no failed job has', async () => {
    const id = await failed();
    const { code, out } = await artisan(`queue:retry ${id} 01ABC`);
    expect(code).toBe(1);
    expect(out).toMatch(new RegExp(`${id} \\.+ WAITING\n`));
    expect(out).toMatch(/01ABC \.+ NO FAILED JOB HAS THIS ID\n/);
    expect(await stateOf(id)).toBe('waiting');
  });

  test.each([
    ['all', ['Break', 'Once']],
    ['--queue=breaking', ['Break']],
    ['--class=Once', ['Once']],
    ['all --class=Break', ['Break']],
    ['--queue=default --class=Break', []],
  ])('%s puts back all of them that fit', async (line, expected) => {
    const ids = { Break: await failed('Break'), Once: await failed('Once') };
    const { code, value } = await json<object>(`queue:retry ${line}`);
    const retried = expected.map((name) => ids[name as keyof typeof ids]);
    expect({ code, ...value }).toEqual({ code: 0, retried, duplicates: [], unknown: [] });
  });

  test('--batch puts back those of a batch', async () => {
    const other = await failed();
    const batch = await app
      .queue()
      .batch([pending('Break'), pending('Break')], { allowFailures: true });
    await work();
    const { value } = await json<RetryOutcome>(`queue:retry --batch=${batch.id}`);
    expect(value.retried).toHaveLength(2);
    expect(await stateOf(other)).toBe('failed');
  });

  test('leaves a job whose unique key another one holds, and says so', async () => {
    const id = await failed('Once');
    await dispatch('Once');
    expect(await artisan(`queue:retry ${id}`)).toMatchObject({
      code: 1,
      out: expect.stringMatching(/\.+ ANOTHER JOB HOLDS ITS UNIQUE KEY\n/),
    });
    expect(await stateOf(id)).toBe('failed');
  });

  test.each(['', '01ABC --queue=breaking', 'all 01ABC --class=Break'])(
    '"%s" leaves open which jobs are meant, and is refused',
    async (line) => {
      const id = await failed();
      expect(await artisan(`queue:retry ${line}`)).toMatchObject({ code: 2 });
      expect(await stateOf(id)).toBe('failed');
    },
  );
});

describe('queue:forget', () => {
  test('forgets failed jobs by id, and says which id none has', async () => {
    const [first, second, kept] = [await failed(), await failed(), await failed()];
    const { code, out } = await artisan(`queue:forget ${first} 01ABC ${second}`);
    expect(code).toBe(1);
    expect(out.match(/FORGOTTEN/g)).toHaveLength(2);
    expect(out).toMatch(/01ABC \.+ NO FAILED JOB HAS THIS ID/);
    expect(await failedIds()).toEqual([kept]);
    expect((await artisan(`queue:forget ${kept}`)).code).toBe(0);
  });

  test('leaves a job alone that has not failed', async () => {
    const { id } = await dispatch('Mail');
    expect((await artisan(`queue:forget ${id}`)).code).toBe(1);
    expect(await stateOf(id)).toBe('waiting');
  });
});

describe('queue:flush', () => {
  test('forgets every failed job', async () => {
    await failed();
    await failed('Once');
    expect((await artisan('queue:flush')).out).toContain('Forgot 2 failed jobs.');
    expect(await failedIds()).toEqual([]);
  });

  test('--hours and --queue spare the others', async () => {
    travelTo(Date.UTC(2026, 0, 1));
    await failed();
    const ofAnotherQueue = await failed('Once');
    travel('90m');
    const young = await failed();
    expect((await artisan('queue:flush --hours=1 --queue=breaking')).out).toContain('Forgot 1 ');
    expect(await failedIds()).toEqual([young, ofAnotherQueue]);
  });

  test('asks in production, and without anybody to ask does nothing unless forced', async () => {
    await startInProduction();
    const id = await failed();
    expect(await artisan('queue:flush')).toMatchObject({
      code: 2,
      err: expect.stringContaining('this is production (--force does it unasked)'),
    });
    expect(await failedIds()).toEqual([id]);
    expect((await artisan('queue:flush --force')).code).toBe(0);
    expect(await failedIds()).toEqual([]);
  });
});

describe('queue:prune-failed', () => {
  test('forgets what failed more than a day ago, unasked in production', async () => {
    await startInProduction();
    travelTo(Date.UTC(2026, 0, 1));
    await failed();
    travel('23h');
    const young = await failed();
    travel('2h');
    expect((await artisan('queue:prune-failed')).out).toContain(
      'Forgot 1 failed job older than 24 h.',
    );
    expect(await failedIds()).toEqual([young]);
    await artisan('queue:prune-failed --hours=1');
    expect(await failedIds()).toEqual([]);
  });
});
