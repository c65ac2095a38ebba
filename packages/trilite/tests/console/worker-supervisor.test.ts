import { isRunning } from '../helpers/artisan-process';
import { artisan, dispatch, listener, start, useWorkerProject } from '../helpers/worker-project';

/* queue:work --workers, in processes of the built framework. */

useWorkerProject();

const WELL = { code: 0, signal: null };

describe('queue:work --workers', () => {
  test('has so many processes work, each with a name of its own, and ends all of them well', async () => {
    const jobs = [await dispatch('Talk', 'a'), await dispatch('Talk', 'b')];
    const supervisor = start('queue:work --workers=2');
    await supervisor.said(/Supervising 2 workers\./);
    const pids = [(await listener.begun('a')).pid, (await listener.begun('b')).pid];
    expect(new Set([...pids, supervisor.pid]).size).toBe(3);
    await supervisor.said(/\[1\] Talk \.+ RUNNING/);
    await supervisor.said(/\[2\] Talk \.+ RUNNING/);
    supervisor.signal('SIGTERM');
    await supervisor.said(/Stopping after 1 running job/);
    await supervisor.said(/Stopping after 1 running job/);
    listener.answer('a');
    listener.answer('b');
    expect(await supervisor.end()).toEqual(WELL);
    for (const { status } of jobs) expect(await status()).toMatchObject({ state: 'done' });
  });

  test('starts a killed one anew, and its job runs again', async () => {
    await dispatch('Talk', 'a');
    await dispatch('Talk', 'b');
    const supervisor = start('queue:work --workers=2');
    const { pid } = await listener.begun('a');
    await listener.begun('b');
    process.kill(pid, 'SIGKILL');
    await supervisor.said(/Worker \d has ended by SIGKILL; it is started anew/);
    const again = await listener.begun('a', 2);
    expect(again.pid).not.toBe(pid);
    listener.answer('a');
    listener.answer('b');
    supervisor.signal('SIGTERM');
    expect(await supervisor.end()).toEqual(WELL);
  });

  test('starts one that has run its --max-jobs anew at once, for that is no trouble', async () => {
    await Promise.all(['a', 'b', 'c'].map((name) => dispatch('Talk', name)));
    const supervisor = start('queue:work --workers=1 --max-jobs=1');
    const pids = new Set<number>();
    for (const name of ['a', 'b', 'c']) {
      pids.add((await listener.begun(name)).pid);
      listener.answer(name);
    }
    expect(pids.size).toBe(3);
    await supervisor.said(/Worker 1 has ended with code 0; it is started anew\.$/);
  });

  test('told to stop while its workers start ends well', async () => {
    const supervisor = start('queue:work --workers=2');
    await supervisor.said(/Supervising 2 workers\./);
    supervisor.signal('SIGTERM');
    expect(await supervisor.end()).toEqual(WELL);
  });

  test('with --stop-when-empty ends by itself, once all jobs have run', async () => {
    const jobs = await Promise.all([1, 2, 3, 4].map(() => dispatch('Mail')));
    expect(await start('queue:work --workers 2 --stop-when-empty').end()).toEqual(WELL);
    for (const { status } of jobs) expect(await status()).toMatchObject({ state: 'done' });
  });

  test('passes SIGUSR2 and SIGCONT on', async () => {
    await dispatch('Talk', 'a');
    await dispatch('Talk', 'b');
    const supervisor = start('queue:work --workers=2');
    await Promise.all([listener.begun('a'), listener.begun('b')]);
    supervisor.signal('SIGUSR2');
    await supervisor.said(/Worker \.+ PAUSED/);
    await supervisor.said(/Worker \.+ PAUSED/);
    listener.answer('a');
    await supervisor.said(/ DONE$/);
    await dispatch('Talk', 'c');
    supervisor.signal('SIGCONT');
    await listener.begun('c');
  });

  test('starts none anew while it is paused', async () => {
    await dispatch('Talk', 'a');
    const supervisor = start('queue:work --workers=1');
    const { pid } = await listener.begun('a');
    supervisor.signal('SIGUSR2');
    await supervisor.said(/Worker \.+ PAUSED/);
    process.kill(pid, 'SIGKILL');
    await supervisor.said(/has ended by SIGKILL/);
    const other = start('queue:work');
    await listener.begun('a', 2);
    listener.answer('a');
    await other.said(/ DONE$/);
    await other.kill();
    await dispatch('Talk', 'b');
    supervisor.signal('SIGCONT');
    await listener.begun('b');
    expect(supervisor.text.match(/Processing jobs/g)).toHaveLength(2);
  });

  test('told to stop while it is paused, with a worker that has ended, ends well', async () => {
    await dispatch('Talk', 'a');
    const supervisor = start('queue:work --workers=1');
    const { pid } = await listener.begun('a');
    supervisor.signal('SIGUSR2');
    await supervisor.said(/Worker \.+ PAUSED/);
    process.kill(pid, 'SIGKILL');
    await supervisor.said(/has ended by SIGKILL/);
    supervisor.signal('SIGTERM');
    expect(await supervisor.end()).toEqual(WELL);
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

  test('gives its workers one name when it is given one', async () => {
    await dispatch('Mail');
    const supervisor = start('queue:work --workers=1 --name=blue --stop-when-empty');
    expect(await supervisor.end()).toEqual(WELL);
    expect(supervisor.text).toMatch(/\[blue\] Mail \.+ .* DONE/);
  });

  test('refuses a wrong option before it starts any worker', async () => {
    expect(await artisan('queue:work --workers=2 --backoff=soon')).toMatchObject({
      code: 2,
      out: '',
    });
  });
});
