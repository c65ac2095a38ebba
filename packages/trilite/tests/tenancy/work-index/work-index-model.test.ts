import { enumerate } from './work-index-enumeration';
import type { Rule } from './work-index-model';

/*
 * Every order in which the steps of dispatchers and workers can happen, crashes and stolen leases included. See the model for what it
 * abstracts from, and tenancy.md 4.8 for the rules.
 */

const NONE = { stranded: undefined, late: undefined };

test('three dispatchers and two workers leave no job without a hint, and none with a hint that is not due', () => {
  const findings = enumerate({ dispatchers: 3, workers: 2 });
  expect(findings).toMatchObject(NONE);
  expect(findings.states).toBeGreaterThan(40_000);
});

test('nor do dispatchers of which one dispatches a delayed job, with workers that put jobs back', () => {
  const findings = enumerate({ dispatchers: 2, delayed: 1, workers: 2, putBacks: 1 });
  expect(findings).toMatchObject(NONE);
});

test('nor does a tenant that two workers may drain at once', () => {
  const both = { workers: 2, slots: 2 };
  expect(enumerate({ ...both, dispatchers: 2 })).toMatchObject(NONE);
  expect(enumerate({ ...both, dispatchers: 1, putBacks: 1 })).toMatchObject(NONE);
  expect(enumerate({ ...both, dispatchers: 1, delayed: 1, putBacks: 1 })).toMatchObject(NONE);
});

describe('with two dispatchers and a worker a job is stranded', () => {
  const broken: readonly (readonly [string, readonly Rule[]])[] = [
    ['without a grace', ['grace']],
    ['when the grace is judged at the delete', ['grace judged at the read']],
    ['when seq is not compared', ['seq comparison']],
    [
      'when a touch is always skipped while the row is leased',
      ['skip only a fresh row', 'skip only when no lease is current'],
    ],
  ];

  test.each(broken)('%s', (_, without) => {
    expect(enumerate({ dispatchers: 2, workers: 1, without }).stranded).toBeDefined();
  });
});

describe('a job is not stranded, but waits for the end of what an early read put off,', () => {
  const broken: readonly (readonly [string, Rule])[] = [
    ['without the second touch', 'second touch'],
    [
      'when an early read puts off a row that was touched meanwhile',
      'an early read leaves a touched row due',
    ],
    [
      'when a fresh touch does for another though a lease may believe its read',
      'skip only when no lease is current',
    ],
  ];

  test.each(broken)('%s', (_, rule) => {
    const findings = enumerate({ dispatchers: 2, workers: 1, without: [rule] });
    expect(findings.stranded).toBeUndefined();
    expect(findings.late).toBeDefined();
  });
});

describe('where two workers may drain a tenant at once', () => {
  const setting = { dispatchers: 1, workers: 2, slots: 2, putBacks: 1 } as const;

  test('a job is stranded when one of them takes a queue for empty in which the other runs a job', () => {
    const without: readonly Rule[] = ['a running job is no empty queue'];
    expect(enumerate({ ...setting, without }).stranded).toBeDefined();
  });

  test('a job that was put back waits too long when a release does not count as a change', () => {
    const findings = enumerate({ ...setting, without: ['a release counts'] });
    expect(findings.stranded).toBeUndefined();
    expect(findings.late).toBeDefined();
  });
});
