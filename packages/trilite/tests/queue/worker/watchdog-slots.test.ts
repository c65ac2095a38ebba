import { SlotTable, type WatchedJob } from '../../../src/queue/worker/watchdog-slots';

const JOB: WatchedJob = {
  id: 'id',
  file: '/queue.sqlite',
  claim: 2 ** 52 - 1,
  job: 'Mail',
  deadline: 60_000,
  timeoutMs: 60_000,
  isFinal: false,
  delayMs: 10,
};

/** Puts a job into a table, and puts its deadline off. @returns what is in it then */
function renewedAt(now: number, job: WatchedJob): WatchedJob[] {
  const table = SlotTable.create(2);
  table.write({ ...JOB, id: 'another' });
  const slot = table.write(job) ?? NaN;
  table.renew(slot, now);
  return table.read().filter(({ id }) => id === job.id);
}

test('a job that is renewed has its whole timeout once more, and is the same else', () => {
  expect(renewedAt(50_000, JOB)).toEqual([{ ...JOB, deadline: 110_000 }]);
});

test('a job without a timeout has none after it is renewed', () => {
  const unlimited = { ...JOB, timeoutMs: 0, deadline: Infinity };
  expect(renewedAt(50_000, unlimited)).toEqual([unlimited]);
});
