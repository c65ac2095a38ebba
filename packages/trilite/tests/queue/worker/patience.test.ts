import { Patience } from '../../../src/queue/worker/patience';

test('a deadline is over a second after it has passed', () => {
  const patience = new Patience();
  expect(patience.isOverFor(5000, 6000)).toBe(false);
  expect(patience.isOverFor(5000, 6001)).toBe(true);
});

test('pauses that take as long as they were to change nothing', () => {
  const patience = new Patience();
  patience.notePause(100, 6000, 6180);
  expect(patience.isOverFor(5000, 6180)).toBe(true);
});

test('a process that was stopped has a second to act before its jobs are overdue', () => {
  const patience = new Patience();
  patience.notePause(100, 4000, 60_000);
  expect(patience.isOverFor(5000, 61_000)).toBe(false);
  expect(patience.isOverFor(5000, 61_001)).toBe(true);
});
