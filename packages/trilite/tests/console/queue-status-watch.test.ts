import { dispatch, start, useWorkerProject } from '../helpers/worker-project';

useWorkerProject();

test('queue:status --watch shows it anew until it is told to stop', async () => {
  const watching = start('queue:status --watch --json');
  await watching.said(/"queue":"default","ready":0/);
  await dispatch('Mail');
  await watching.said(/"queue":"default","ready":1/);
  watching.signal('SIGINT');
  expect(await watching.end()).toEqual({ code: 0, signal: null });
});
