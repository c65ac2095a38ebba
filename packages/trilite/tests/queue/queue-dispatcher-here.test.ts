import { once } from 'node:events';
import { createServer, get } from 'node:http';
import type { AddressInfo } from 'node:net';
import request from 'supertest';
import { QueueDispatcher, type RouteFile } from 'trilite';
import { createTestApplication, type TestApplication } from 'trilite/testing';
import { nextTurn } from '../../src/support/clock';
import { errorWith } from '../helpers/errors';
import { gate, type Gate } from '../helpers/gate';
import { jobOf } from '../helpers/jobs';
import { createProject, type TestProject } from '../helpers/project';

/* Jobs that run in the process that dispatches them. */

let notes: unknown[];
let hold: Gate;
let ran: Gate;

const Note = jobOf((payload) => void notes.push(payload), { name: 'Note' });
const Held = jobOf(
  async (payload) => {
    await hold.opened;
    notes.push(payload);
    ran.open();
  },
  { name: 'Held', options: { tries: 5 } },
);
const Fails = jobOf(
  () => {
    throw new Error('It broke');
  },
  { name: 'Fails', failed: (error) => void notes.push(`failed: ${error.message}`) },
);

let project: TestProject;
let app: TestApplication;
let isOpen: boolean;

beforeEach(() => {
  notes = [];
  hold = gate();
  ran = gate();
  project = createProject();
});

afterEach(async () => {
  hold.open();
  if (isOpen) await app.close();
  project.remove();
});

async function serve(routes: RouteFile = () => undefined) {
  app = await createTestApplication({
    basePath: project.path,
    jobs: [Note, Held, Fails],
    routes,
    env: { LOG_LEVEL: 'silent' },
  });
  isOpen = true;
  return request(app.http().handler);
}

async function close(): Promise<void> {
  isOpen = false;
  await app.close();
}

describe('dispatchSync', () => {
  test('runs the job before it settles, whatever the connection, and stores nothing', async () => {
    await serve();
    await app.queue().dispatchSync(Note, { at: new Date(5) });
    expect(notes).toEqual([{ at: new Date(5) }]);
    expect(await app.queues.store().status()).toEqual([]);
  });

  test('throws what the job throws, after its "failed"', async () => {
    await serve();
    await expect(app.queue().dispatchSync(Fails, 1)).rejects.toThrow('It broke');
    expect(notes).toEqual(['failed: It broke']);
  });

  test('refuses a class that is not known', async () => {
    await serve();
    const stranger = jobOf(() => undefined, { name: 'Stranger' });
    await expect(app.queue().dispatchSync(stranger, 1)).rejects.toThrow(errorWith('E_JOB_UNKNOWN'));
  });
});

describe('dispatchAfterResponse', () => {
  test('runs the job after the response, and the application waits for it when it closes', async () => {
    const client = await serve((route) => {
      route.get('/', async () => {
        await app.make(QueueDispatcher).dispatchAfterResponse(Held, 'after');
        return 'answered';
      });
    });
    await client.get('/').expect(200, 'answered');
    expect(notes).toEqual([]);
    const closed = close().then(() => notes.push('closed'));
    // As many turns as would close all of it, if nobody waited
    for (let turn = 0; turn < 100; turn += 1) await nextTurn();
    expect(notes).toEqual([]);
    hold.open();
    await closed;
    expect(notes).toEqual(['after', 'closed']);
  });

  test('runs several one after the other, and one that fails is logged and stops no other', async () => {
    const client = await serve((route) => {
      route.get('/', async () => {
        const queue = app.make(QueueDispatcher);
        await queue.dispatchAfterResponse(Note, 1);
        await queue.dispatchAfterResponse(Fails, 2);
        await queue.dispatchAfterResponse(Note, 3);
        return 'answered';
      });
    });
    const logged = jest.spyOn(app.logger, 'error');
    await client.get('/').expect(200);
    await close();
    expect(notes).toEqual([1, 'failed: It broke', 3]);
    expect(logged).toHaveBeenCalledTimes(1);
    expect(logged).toHaveBeenCalledWith(
      { err: expect.objectContaining({ message: 'It broke' }) },
      'A job failed after its response',
    );
  });

  test('runs after a response that is an error as well', async () => {
    const client = await serve((route) => {
      route.get('/', async () => {
        await app.make(QueueDispatcher).dispatchAfterResponse(Note, 'after');
        throw new Error('No answer');
      });
    });
    await client.get('/').expect(500);
    await close();
    expect(notes).toEqual(['after']);
  });

  test('runs at once outside of a request, and what it throws is logged as well', async () => {
    await serve();
    const logged = jest.spyOn(app.logger, 'error');
    await app.queue().dispatchAfterResponse(Note, 'now');
    expect(notes).toEqual(['now']);
    await app.queue().dispatchAfterResponse(Fails, 1);
    expect(logged).toHaveBeenCalledTimes(1);
  });

  test('runs for a client that went away before the job was dispatched', async () => {
    const [reached, left] = [gate(), gate()];
    await serve((route) => {
      route.get('/', async (_request, response) => {
        response.once('close', () => left.open());
        reached.open();
        await left.opened;
        await app.make(QueueDispatcher).dispatchAfterResponse(Note, 'after');
        ran.open();
      });
    });
    const server = createServer(app.http().handler).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const asked = get({ port: (server.address() as AddressInfo).port }).on(
      'error',
      () => undefined,
    );
    await reached.opened;
    asked.destroy();
    await ran.opened;
    server.close();
    await close();
    expect(notes).toEqual(['after']);
  });

  test('keeps each request by itself', async () => {
    const client = await serve((route) => {
      route.get('/', async (req) => {
        await app.make(QueueDispatcher).dispatchAfterResponse(Note, req.query['n']);
        return 'answered';
      });
    });
    await Promise.all([1, 2, 3].map((n) => client.get(`/?n=${n}`).expect(200)));
    await close();
    expect(notes.sort()).toEqual(['1', '2', '3']);
  });
});
