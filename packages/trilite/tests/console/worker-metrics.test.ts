import { get } from 'node:http';
import { metricsOfWorker } from '../../src/console/metrics-server';
import { dispatch, listener, start, useWorkerProject } from '../helpers/worker-project';

/* What a process counts that has no web server, in processes of the built framework. */

useWorkerProject({ http: '{ metrics: {} }' });

/** Waits until a process says where it is asked. */
async function addressOf(process: ReturnType<typeof start>): Promise<string> {
  const line = await process.said(/Metrics at \[/);
  return /\[(.*)\]/.exec(line)?.[1] ?? '';
}

function ask(address: string, host = 'localhost') {
  return new Promise<{ status: number | undefined; text: string }>((resolve, reject) => {
    get(address, { headers: { Host: host }, agent: false }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (part: string) => (text += part));
      response.on('end', () => resolve({ status: response.statusCode, text }));
    }).on('error', reject);
  });
}

describe('queue:work --metrics', () => {
  test('tells programs on this machine of the jobs it has run, until it has ended', async () => {
    const worker = start('queue:work --metrics=0');
    const address = await addressOf(worker);
    await dispatch('Talk', 'a');
    await listener.begun('a');
    listener.answer('a');
    await worker.said(/Talk \.+ .* DONE$/);
    const { text } = await ask(address);
    expect(text).toContain('trilite_jobs_total{queue="default",outcome="done"} 1\n');
    expect(text).toMatch(/^process_cpu_user_seconds_total /m);
    expect(await ask(address, 'example.com')).toEqual({ status: 404, text: '' });
    expect(await ask(address.replace('/metrics', '/'))).toEqual({ status: 404, text: '' });

    await dispatch('Talk', 'b');
    await listener.begun('b');
    worker.signal('SIGTERM');
    await worker.said(/Stopping after 1 running job/);
    expect((await ask(address)).status).toBe(200);
    listener.answer('b');
    expect(await worker.end()).toEqual({ code: 0, signal: null });
    await expect(ask(address)).rejects.toMatchObject({ code: 'ECONNREFUSED' });
  });

  test('of several workers has each asked by itself', async () => {
    const supervisor = start('queue:work --workers=2 --metrics=0');
    const addresses = [await addressOf(supervisor), await addressOf(supervisor)];
    expect(new Set(addresses).size).toBe(2);
    for (const address of addresses) expect((await ask(address)).status).toBe(200);
    supervisor.signal('SIGTERM');
    expect((await supervisor.end()).code).toBe(0);
  });

  test('with a port has the second worker listen at the next one', () => {
    const of = (given: string) => [1, 2].map((n) => metricsOfWorker('queue:work', given, n));
    expect(of('9091')).toEqual(['127.0.0.1:9091', '127.0.0.1:9092']);
    expect(of('0.0.0.0:9091')).toEqual(['0.0.0.0:9091', '0.0.0.0:9092']);
    expect(of('[::1]:9091')).toEqual(['::1:9091', '::1:9092']);
    expect(of('0')).toEqual(['127.0.0.1:0', '127.0.0.1:0']);
    for (const none of ['', 'here', '70000', '-1', ':9091', '9091/metrics']) {
      expect(() => of(none)).toThrow('is none: it takes a port');
    }
  });

  test('runs no job where the port is taken', async () => {
    const first = start('queue:work --queue=other --metrics=0');
    const port = new URL(await addressOf(first)).port;
    await dispatch('Mail');
    const second = start(`queue:work --stop-when-empty --metrics=${port}`);
    expect((await second.end()).code).toBe(1);
    expect(second.text).toContain('E_LISTEN');
    expect(second.text).not.toContain('DONE');
  });
});

test('schedule:work --metrics tells of the scheduler', async () => {
  const scheduler = start('schedule:work --metrics=0');
  expect((await ask(await addressOf(scheduler))).text).toMatch(/^process_start_time_seconds /m);
  scheduler.signal('SIGTERM');
  expect(await scheduler.end()).toEqual({ code: 0, signal: null });
});
