import { isRunning, type ArtisanProcess } from '../helpers/artisan-process';
import { artisan, dispatch, listener, start, useWorkerProject } from '../helpers/worker-project';

/* queue:work --workers, in processes of the built framework. */

useWorkerProject();

const WELL = { code: 0, signal: null };

/** Lets a job that has begun end, and waits until its worker says so. */
async function answer(name: string, supervisor: ArtisanProcess): Promise<void> {
  listener.answer(name);
  await supervisor.said(/Talk \.+ .* DONE/);
}

describe('queue:work --workers', () => {
  test('has so many processes work, each with a name of its own, passes SIGUSR2 and SIGCONT on, starts a killed one anew, whose job runs again, and ends all of them well', async () => {
    const jobs = [await dispatch('Talk', 'a'), await dispatch('Talk', 'b')];
    const supervisor = start('queue:work --workers=2');
    await supervisor.said(/Supervising 2 workers\./);
    const [a, b] = [await listener.begun('a'), await listener.begun('b')];
    expect(new Set([a.pid, b.pid, supervisor.pid]).size).toBe(3);
    await supervisor.said(/\[1\] Talk \.+ RUNNING/);
    await supervisor.said(/\[2\] Talk \.+ RUNNING/);
    supervisor.signal('SIGUSR2');
    await supervisor.said(/Worker \.+ PAUSED/);
    await supervisor.said(/Worker \.+ PAUSED/);
    await answer('a', supervisor);
    jobs.push(await dispatch('Talk', 'c'));
    supervisor.signal('SIGCONT');
    await supervisor.said(/Worker \.+ RESUMED/);
    const c = await listener.begun('c');
    await supervisor.said(/Talk \.+ RUNNING/); // the lines may come later than the job itself speaks
    expect(supervisor.text.indexOf('RESUMED')).toBeLessThan(supervisor.text.lastIndexOf('RUNNING'));
    process.kill(c.pid, 'SIGKILL');
    await supervisor.said(/Worker \d has ended by SIGKILL; it is started anew/);
    expect((await listener.begun('c', 2)).pid).not.toBe(c.pid);
    supervisor.signal('SIGTERM');
    await supervisor.said(/Stopping after 1 running job/);
    await supervisor.said(/Stopping after 1 running job/);
    listener.answer('b');
    listener.answer('c');
    expect(await supervisor.end()).toEqual(WELL);
    for (const { status } of jobs) expect(await status()).toMatchObject({ state: 'done' });
  });

  test('starts one that has run its --max-jobs anew at once, for that is no trouble, none while it is paused, and ends well when it is told to stop then', async () => {
    await dispatch('Talk', 'a');
    await dispatch('Talk', 'b');
    const supervisor = start('queue:work --workers=1 --max-jobs=1');
    const pids = [(await listener.begun('a')).pid];
    listener.answer('a');
    pids.push((await listener.begun('b')).pid);
    await supervisor.said(/Worker 1 has ended with code 0; it is started anew\.$/);
    supervisor.signal('SIGUSR2');
    await supervisor.said(/Worker \.+ PAUSED/);
    const { status } = await dispatch('Talk', 'c');
    listener.answer('b');
    await supervisor.said(/Worker 1 has ended with code 0; it is started anew\.$/);
    // One that starts now has come and gone before it is looked at who works
    await start('queue:work --queue=other --stop-when-empty').end();
    expect(supervisor.text.match(/Processing jobs/g)).toHaveLength(2);
    expect(await status()).toMatchObject({ state: 'waiting' });
    supervisor.signal('SIGCONT');
    pids.push((await listener.begun('c')).pid);
    expect(new Set(pids).size).toBe(3);
    supervisor.signal('SIGUSR2');
    await supervisor.said(/Worker \.+ PAUSED/);
    process.kill(pids[2] ?? 0, 'SIGKILL');
    await supervisor.said(/has ended by SIGKILL/);
    supervisor.signal('SIGTERM');
    expect(await supervisor.end()).toEqual(WELL);
    const next = artisan('queue:work --stop-when-empty');
    await listener.begun('c', 2);
    listener.answer('c');
    await next;
  });

  test('told to stop while its workers start ends well', async () => {
    const supervisor = start('queue:work --workers=2');
    await supervisor.said(/Supervising 2 workers\./);
    supervisor.signal('SIGTERM');
    expect(await supervisor.end()).toEqual(WELL);
  });

  test('with --stop-when-empty ends by itself, once all jobs have run; its workers have one name when it is given one', async () => {
    const jobs = await Promise.all([1, 2, 3, 4].map(() => dispatch('Mail')));
    const supervisor = start('queue:work --workers 2 --stop-when-empty --name=blue');
    expect(await supervisor.end()).toEqual(WELL);
    for (const { status } of jobs) expect(await status()).toMatchObject({ state: 'done' });
    expect(supervisor.text.match(/\[blue\] Mail \.+ .* DONE/g)).toHaveLength(4);
  });

  test('does not let its workers outlive it', async () => {
    const { status } = await dispatch('Talk', 'a');
    const supervisor = start('queue:work --workers=2');
    const { pid } = await listener.begun('a');
    supervisor.signal('SIGKILL');
    listener.answer('a');
    await supervisor.end(); // its pipes are closed once its workers have ended, too
    expect(isRunning(pid)).toBe(false);
    expect(await status()).toMatchObject({ state: 'done' });
  });

  test('that is killed while its workers start leaves none behind', async () => {
    const supervisor = start('queue:work --workers=2');
    await supervisor.said(/Supervising 2 workers\./);
    supervisor.signal('SIGKILL');
    await supervisor.end(); // would never come, were a worker left with its pipes
  });

  test('refuses a wrong option before it starts any worker', async () => {
    expect(await artisan('queue:work --workers=2 --backoff=soon')).toMatchObject({
      code: 2,
      out: '',
    });
  });
});
