import { ProcessGroup } from '../../src/console/process-group';

/* Programs as nodemon is one: it runs another, and starts that anew when it ends before a stop was heard of. */

const PROGRAM = `
  process.on('SIGTERM', () => process.exit(0));
  setInterval(() => undefined, 1000);
  console.log('runs', process.pid);
`;
const WATCHER = `
  const { spawn } = require('node:child_process');
  let isStopping = false;
  const start = () => spawn(process.execPath, ['-e', ${JSON.stringify(PROGRAM)}], { stdio: 'inherit' })
    .on('exit', () => { if (!isStopping) start(); });
  start();
  process.on('SIGTERM', () => { isStopping = true; process.exit(0); });
`;

test('a stop ends what watches over others first, and then those, none of which is started anew', async () => {
  const pids: number[] = [];
  let began: () => void = () => undefined;
  const running = new Promise<void>((resolve) => (began = resolve));
  const group = new ProcessGroup((_name, line) => {
    pids.push(Number(line.split(' ')[1]));
    began();
  });
  const ended = group.start(
    { name: 'watcher', command: process.execPath, parameters: ['-e', WATCHER] },
    __dirname,
  );
  await running;
  await group.stop(30_000);
  expect(await ended).toBe(0);
  expect(pids).toHaveLength(1);
  expect(() => process.kill(pids[0] ?? 0, 0)).toThrow('ESRCH');
});
