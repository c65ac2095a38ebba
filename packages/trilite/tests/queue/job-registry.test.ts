import type { JobOptions } from 'trilite';
import { backoffMs } from '../../src/queue/job-options';
import { isJobClass, JobRegistry } from '../../src/queue/job-registry';
import { errorWith } from '../helpers/errors';
import { jobOf } from '../helpers/jobs';

const nothing = () => undefined;

describe('a JobRegistry', () => {
  test('finds a class by its name and by every alias', () => {
    const jobs = new JobRegistry();
    const job = jobOf(nothing, { name: 'New', aliases: ['Old', 'Older'] });
    jobs.add(job);
    expect(['New', 'Old', 'Older'].map((name) => jobs.find(name))).toEqual([job, job, job]);
    expect(jobs.classes).toEqual([job]);
  });

  test('finds a class without a name of its own by the name of the class', () => {
    class SendMail {
      handle(): void {}
    }
    const jobs = new JobRegistry();
    jobs.add(SendMail);
    expect(jobs.find('SendMail')).toBe(SendMail);
  });

  test('takes the same class again without a word', () => {
    const jobs = new JobRegistry();
    const job = jobOf(nothing);
    jobs.add(job);
    expect(() => jobs.add(job)).not.toThrow();
  });

  test.each([
    ['two names', { name: 'A' }, { name: 'A' }],
    ['a name and an alias', { name: 'A' }, { name: 'B', aliases: ['A'] }],
    ['two aliases', { name: 'B', aliases: ['A'] }, { name: 'C', aliases: ['A'] }],
  ])('refuses %s that are equal', (_, first, second) => {
    const jobs = new JobRegistry();
    jobs.add(jobOf(nothing, first));
    expect(() => jobs.add(jobOf(nothing, second))).toThrow(
      errorWith('E_JOB_INVALID', '"A" is taken twice'),
    );
  });

  test('names what it knows when it does not know a name', () => {
    const jobs = new JobRegistry();
    expect(() => jobs.find('C')).toThrow('The job "C" is not known; there are: none.');
    jobs.add(jobOf(nothing, { name: 'A', aliases: ['B'] }));
    expect(() => jobs.find('C')).toThrow('The job "C" is not known; there are: A, B.');
  });

  test.each<[option: string, found: string, options: object]>([
    ['tries', '-1', { tries: -1 }],
    ['tries', '1.5', { tries: 1.5 }],
    ['tries', 'NaN', { tries: NaN }],
    ['maxCrashes', '0', { maxCrashes: 0 }],
    ['timeout', '"soon"', { timeout: 'soon' }],
    ['timeout', '"-1"', { timeout: -1 }],
    ['timeout', '"NaN"', { timeout: NaN }],
    ['backoff', '"10"', { backoff: '10' }],
    ['backoff', '"later"', { backoff: ['1s', 'later'] }],
    ['backoff', '"-5"', { backoff: [-5] }],
    ['queue', '""', { queue: '' }],
    ['queue', '"a,b"', { queue: 'a,b' }],
  ])('refuses the option "%s" that is %s', (option, found, options) => {
    const job = jobOf(nothing, { name: 'Mail', options });
    expect(() => new JobRegistry().add(job)).toThrow(
      errorWith('E_JOB_INVALID', `The option "${option}" of the job "Mail" is ${found};`),
    );
  });

  test.each<JobOptions>([
    {},
    { tries: 0, timeout: 0, maxCrashes: 1, queue: 'q', backoff: 0 },
    { timeout: '1m', backoff: ['1s', 0.5, '1h'] },
    { backoff: [] },
  ])('takes the options %j', (options) => {
    expect(() => new JobRegistry().add(jobOf(nothing, { options }))).not.toThrow();
  });
});

test.each<[backoff: JobOptions['backoff'], pauses: number[]]>([
  [undefined, [0, 0, 0]],
  ['2s', [2000, 2000, 2000]],
  [0.5, [500, 500, 500]],
  [
    ['1s', '10s'],
    [1000, 10_000, 10_000],
  ],
  [[], [0, 0, 0]],
])('a backoff of %j pauses for %j ms', (backoff, pauses) => {
  expect([1, 2, 3].map((failedRuns) => backoffMs(backoff, failedRuns))).toEqual(pauses);
});

test('a job class is a class with the method handle', () => {
  expect(isJobClass(jobOf(nothing))).toBe(true);
  expect([class {}, nothing, { handle: nothing }, null, 'text'].some(isJobClass)).toBe(false);
});
