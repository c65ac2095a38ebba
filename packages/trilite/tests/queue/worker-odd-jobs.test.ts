import { Alarm } from '../../src/queue/worker/alarm';
import { job } from '../../src/queue/pending-job';
import { gate } from '../helpers/gate';
import { jobOf } from '../helpers/jobs';
import {
  dispatch,
  dispatcher,
  jobs,
  noted,
  runAll,
  start,
  store,
  storeWith,
  useWorkers,
} from '../helpers/workers';

useWorkers();

test('a job whose backoff throws is run, and has failed by what that threw', async () => {
  const notes: unknown[] = [];
  const backoff = (): number => {
    throw new Error('No such step');
  };
  const broken = jobOf(
    (payload) => {
      notes.push(payload);
      throw new Error('It broke');
    },
    { options: { tries: 3, backoff } },
  );
  const { status } = await dispatch(broken, 'ran');
  await runAll();
  expect(notes).toEqual(['ran']);
  expect(await status()).toMatchObject({ state: 'failed', lastError: 'No such step' });
});

test('a job whose backoff throws is done when it ends well', async () => {
  const backoff = (): number => {
    throw new Error('No such step');
  };
  const { status } = await dispatch(jobOf(() => undefined, { options: { backoff } }));
  await runAll();
  expect(await status()).toMatchObject({ state: 'done' });
});

test('a job that is told to stop while its batch is looked at does not begin', async () => {
  const notes: unknown[] = [];
  const member = jobOf(noted(notes), { name: 'Member' });
  jobs.add(member);
  const batch = await dispatcher().batch([job(member, 'ran')]);
  const looking = gate();
  const answered = gate();
  const findBatch: typeof store.findBatch = async (id) => {
    looking.open();
    await answered.opened;
    return store.findBatch(id);
  };
  const { worker, finished } = start({}, storeWith({ findBatch }));
  await looking.opened;
  worker.stopNow();
  answered.open();
  await finished;
  expect(notes).toEqual([]);
  expect(await batch.status()).toMatchObject({ pending: 1 });
});

test('an alarm waits as long as a timer can when it is to wait for longer', async () => {
  const timer = jest.spyOn(globalThis, 'setTimeout');
  const alarm = new Alarm();
  const waited = alarm.wait(2 ** 32);
  expect(timer).toHaveBeenLastCalledWith(expect.any(Function), 2 ** 31 - 1);
  timer.mockRestore();
  alarm.ring();
  await waited;
});
