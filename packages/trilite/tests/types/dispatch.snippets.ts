import { testSnippets } from '../helpers/snippets';

/* What of "dispatch" compiles, and what does not. */

const HEAD = `
import { QueueDispatcher, type Job, type JobContext } from 'trilite';

class Report implements Job<{ id: string }> {
  async handle(payload: { id: string }, context: JobContext): Promise<void> {}
}
class Either implements Job<{ a: number } | undefined> {
  handle(payload: { a: number } | undefined): void {}
}
class Cleanup implements Job {
  handle(): void {}
}
class Sweep implements Job {
  constructor(private readonly needed: QueueDispatcher) {}
  async handle(_payload: void, context: JobContext): Promise<void> {}
}
class NoJob {
  run(): void {}
}
declare const queue: QueueDispatcher;
`;

const COMPILES = [
  `queue.dispatch(Report, { id: '5' });`,
  `queue.dispatch(Report, { id: '5' }, { delay: '5s', queue: 'mail', priority: 5 });`,
  `queue.dispatch(Report, { id: '5' }, { delay: 5 });`,
  `queue.dispatch(Report, { id: '5' }, { delay: new Date() });`,
  `queue.dispatch(Either, { a: 1 });`,
  `queue.dispatch(Either, undefined);`,
  `queue.dispatch(Cleanup);`,
  `queue.dispatch(Cleanup, undefined, { delay: '5s' });`,
  `queue.dispatch(Sweep);`,
  `queue.dispatch(Report, { id: '5' }).then(({ id }: { id: string }) => id);`,
];

const DOES_NOT_COMPILE = [
  `queue.dispatch(Report);`,
  `queue.dispatch(Report, undefined);`,
  `queue.dispatch(Report, {});`,
  `queue.dispatch(Report, { id: 5 });`,
  `queue.dispatch(Report, { id: '5', other: 1 });`,
  `queue.dispatch(Report, '5');`,
  `queue.dispatch(Either);`,
  `queue.dispatch(Either, { a: '1' });`,
  `queue.dispatch(Cleanup, { id: '5' });`,
  `queue.dispatch(Sweep, 5);`,
  `queue.dispatch(Report, { id: '5' }, { delay: true });`,
  `queue.dispatch(Report, { id: '5' }, { queue: 5 });`,
  `queue.dispatch(Report, { id: '5' }, { priority: 'high' });`,
  `queue.dispatch(Report, { id: '5' }, { dealy: '5s' });`,
  `queue.dispatch(Report, { id: '5' }, '5s');`,
  `queue.dispatch(NoJob);`,
  `queue.dispatch('Report', { id: '5' });`,
  `queue.dispatch(new Report(), { id: '5' });`,
];

testSnippets(HEAD, { compiles: COMPILES, doesNot: DOES_NOT_COMPILE });
