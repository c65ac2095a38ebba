import { isRunning, type ArtisanProcess } from '../helpers/artisan-process';
import {
  app,
  artisan,
  dispatch,
  listener,
  project,
  start,
  useWorkerProject,
} from '../helpers/worker-project';
import { TALKING_JOBS } from '../helpers/talking-jobs';

/* queue:listen, in processes of the built framework. */

useWorkerProject();

const WELL = { code: 0, signal: null };

/** Has the job "Mail" say a word from now on. */
function mailSays(word: string): void {
  const says = `handle() { console.log('Mail says ${word}'); }`;
  project.write('app/jobs/jobs.js', TALKING_JOBS.replace('handle() {}', says));
}

/** Waits until a job has been run that says the word. */
async function mailIsRun(listening: ArtisanProcess, word: string): Promise<void> {
  await dispatch('Mail');
  await listening.said(new RegExp(`Mail says ${word}`));
  await listening.said(/Mail \.+ .* DONE$/);
}

test('each job is run by a worker of its own, with the options it was given', async () => {
  const listening = start('queue:listen --queue=mail --name=blue --tries=2');
  await dispatch('Talk', 'other');
  const pids = new Set([listening.pid]);
  for (const name of ['a', 'b']) {
    await dispatch('Talk', name, { queue: 'mail' });
    pids.add((await listener.begun(name)).pid);
    listener.answer(name);
    await listening.said(/\[blue\] Talk \.+ .* DONE$/);
  }
  expect(pids.size).toBe(3);
  await dispatch('Break', null, { queue: 'mail' });
  await listening.said(/Break \.+ .* FAIL, WILL RETRY$/);
  await listening.said(/Break \.+ .* FAIL$/);
  listening.signal('SIGTERM');
  expect(await listening.end()).toEqual(WELL);
  expect(listening.text).not.toMatch(/Processing jobs|Stopped after/);
  expect(await app.queues.store().status()).toContainEqual(
    expect.objectContaining({ queue: 'default', ready: 1 }),
  );
});

test('a job runs the code that lies there when its turn comes: one that runs ends with what it began with, code that does not load is waited with until it is mended, a job that blocks its process is ended, and the next one runs, and a second Ctrl-C puts the running one back', async () => {
  mailSays('one');
  const listening = start('queue:listen');
  await mailIsRun(listening, 'one');
  const { status } = await dispatch('Talk', 'a');
  await listener.begun('a');
  mailSays('two');
  await listening.said(/^ {2}app\/jobs\/jobs\.js has changed\.$/);
  await listener.alive('a');
  listener.answer('a');
  await listening.said(/Talk \.+ .* DONE$/);
  expect(await status()).toMatchObject({ state: 'done', attempts: 1 });
  await mailIsRun(listening, 'two');
  project.write('app/jobs/jobs.js', 'exports.Mail = class {');
  await listening.said(/The worker has ended with code 1; the next one starts when a file changes/);
  mailSays('again');
  await mailIsRun(listening, 'again');
  const blocking = await dispatch('Block', 'b');
  await listening.said(/The worker is killed/);
  await mailIsRun(listening, 'again');
  expect(await blocking.status()).toMatchObject({ state: 'failed' });
  const back = await dispatch('Talk', 'c');
  await listener.begun('c');
  listening.signal('SIGINT');
  // The first few come as close as an echo of the first one, and count as that
  for (let ended = false; !ended; ended = listening.hasEnded) {
    await Promise.race([listener.alive('c'), listening.end()]);
    listening.signal('SIGINT');
  }
  expect(await listening.end()).toEqual(WELL);
  expect(await back.status()).toMatchObject({ state: 'waiting', attempts: 0 });
});

test('its worker does not outlive it', async () => {
  await dispatch('Talk', 'a');
  const listening = start('queue:listen');
  const { pid } = await listener.begun('a');
  listening.signal('SIGKILL');
  listener.answer('a');
  await listening.end(); // its pipes are closed once its worker has ended, too
  expect(isRunning(pid)).toBe(false);
});

test('options that make no sense for one job are refused', async () => {
  for (const option of ['--max-jobs=2', '--once', '--workers=2', '--concurrency=2']) {
    expect((await artisan(`queue:listen ${option}`)).code).toBe(2);
  }
});
