import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { injectable, type Middleware, type Next, type Request, type Response } from 'trilite';
import { serve, useAnswers, type AnswerSite } from '../helpers/answer-site';
import { gate, type Gate } from '../helpers/gate';

useAnswers();

/** What happened, in order. */
let told: string[];
let arrived: Gate<Response>;
let goOn: Gate;
let wentOn: Gate;

beforeEach(() => {
  told = [];
  arrived = gate();
  goOn = gate();
  wentOn = gate();
});

/** Holds something from its `handle` to its `terminate`, which it has to wait for. */
@injectable()
class HoldsLock implements Middleware {
  async handle(_request: Request, response: Response, next: Next) {
    arrived.open(response);
    await goOn.opened;
    told.push('taken');
    next();
  }

  terminate() {
    told.push('given back');
  }
}

/** The same, taken at once. */
@injectable()
class Counts implements Middleware {
  handle(_request: Request, _response: Response, next: Next) {
    told.push('counted');
    next();
  }

  terminate() {
    told.push('no more');
  }
}

const waits = async (_request: Request, response: Response, next: Next) => {
  arrived.open(response);
  await goOn.opened;
  next();
  told.push('went on');
  wentOn.open();
};

/** A client that asks, and leaves while something on the way waits; then that goes on. */
async function askAndLeave({ app, listen }: AnswerSite): Promise<void> {
  const socket = await asking(await listen());
  const response = await arrived.opened;
  const closed = once(response, 'close');
  socket.destroy();
  await closed;
  goOn.open();
  await app.http().settled();
}

async function asking(address: string): Promise<Socket> {
  const socket = connect(Number(new URL(address).port), '127.0.0.1');
  socket.on('error', () => undefined);
  await once(socket, 'connect');
  socket.write('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n');
  return socket;
}

const routes = (route: Parameters<Parameters<typeof serve>[0]>[0]) =>
  void route.get('/', () => told.push('answered'));

test('what a middleware gets only after its client has left is ended, too', async () => {
  await askAndLeave(await serve(routes, [HoldsLock]));
  expect(told.filter((one) => one !== 'answered')).toEqual(['taken', 'given back']);
});

test('a middleware that ends what it begins is passed by nobody who has left', async () => {
  await askAndLeave(await serve(routes, [waits, Counts]));
  await wentOn.opened;
  expect(told).toEqual(['went on']);
});

test('a middleware whose "handle" fails is ended all the same', async () => {
  @injectable()
  class Fails extends HoldsLock {
    override async handle() {
      told.push('failed');
      throw new Error('On purpose.');
    }
  }
  const { app, client } = await serve(routes, [Fails]);
  await client.get('/').expect(500);
  await app.http().settled();
  expect(told).toEqual(['failed', 'given back']);
});
