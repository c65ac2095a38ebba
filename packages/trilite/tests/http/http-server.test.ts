import { connect } from 'node:net';
import type { ServerResponse } from 'node:http';
import { HttpServer } from '../../src/http/http-server';
import { gate } from '../helpers/gate';

const LOCAL = { host: '127.0.0.1', port: 0 };

test('a stop answers what was accepted, and accepts no more', async () => {
  let waiting: ServerResponse | undefined;
  let arrived: () => void = () => undefined;
  const arrival = new Promise<void>((resolve) => (arrived = resolve));
  const server = new HttpServer((_request, response) => {
    waiting = response;
    arrived();
  });
  const address = await server.start(LOCAL);
  const answer = fetch(address, { keepalive: true });
  await arrival;
  const stopped = server.stop(60_000);
  await expect(fetch(address)).rejects.toThrow();
  waiting?.end('done');
  const response = await answer;
  expect(response.headers.get('connection')).toBe('close');
  expect(await response.text()).toBe('done');
  await stopped;
  await server.stop(0);
});

test('after the deadline open connections are ended', async () => {
  const accepted = gate();
  const server = new HttpServer(() => accepted.open());
  const { port } = new URL(await server.start(LOCAL));
  const socket = connect(Number(port), '127.0.0.1');
  // A reset is as good an end as a close: not `once`, which would reject on it.
  const ended = new Promise<void>((resolve) =>
    socket.on('error', () => 0).once('close', () => resolve()),
  );
  socket.write('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n');
  await accepted.opened;
  await server.stop(1);
  await ended;
});

test('a port that is taken is named with what to do', async () => {
  const first = new HttpServer(() => undefined);
  const port = Number(new URL(await first.start(LOCAL)).port);
  const second = new HttpServer(() => undefined);
  await expect(second.start({ host: '127.0.0.1', port })).rejects.toMatchObject({
    code: 'E_LISTEN',
  });
  await first.stop(0);
});
