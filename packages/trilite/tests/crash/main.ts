import { parseArgs } from 'node:util';
import { runStorm } from './storm';

/** `npm run storm -w trilite -- --orders=5000`: the long form of tests/queue/storm.test.ts. */
async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      orders: { type: 'string', default: '5000' },
      workers: { type: 'string', default: '4' },
      dispatchers: { type: 'string', default: '2' },
      'kill-every': { type: 'string', default: '300' },
    },
  });
  const report = await runStorm({
    orders: Number(values.orders),
    workers: Number(values.workers),
    dispatchers: Number(values.dispatchers),
    killEveryMs: Number(values['kill-every']),
  });
  console.log(report);
  const { lost, ghosts, unexplained, unended, failed } = report;
  const isWhole = [lost.length, ghosts.length, unexplained.length, unended, failed].every(
    (count) => count === 0,
  );
  console.log(isWhole ? 'Nothing was lost, nothing ran that was rolled back.' : 'BROKEN');
  process.exitCode = isWhole ? 0 : 1;
}

void main();
