import { AsyncLocalStorage } from 'node:async_hooks';
import { connect } from 'node:net';
import type { ServerResponse } from 'node:http';
import { HttpServer } from '../../src/http/http-server';
import { exchange } from '../helpers/exchange';
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

test.each([
  ['nothing', ''],
  ['half a head', 'GET / HTTP/1.1\r\nHost: l'],
])('a stop does not wait for a connection that has sent %s', async (_what, sent) => {
  const server = new HttpServer((_request, response) => response.end());
  const { port } = new URL(await server.start(LOCAL));
  const ended = exchange(Number(port), sent);
  // Connections are accepted in order: the first is there once the second is answered
  await (await fetch(`http://127.0.0.1:${port}`)).text();
  await server.stop(60_000);
  expect(await ended).toBe('');
});

test('a stop whose deadline is over ends only when the open responses are closed', async () => {
  const accepted = gate();
  let isClosed = false;
  const server = new HttpServer((_request, response) => {
    response.once('close', () => (isClosed = true));
    accepted.open();
  });
  const { port } = new URL(await server.start(LOCAL));
  const ended = exchange(Number(port), 'GET / HTTP/1.1\r\nHost: localhost\r\n\r\n');
  await accepted.opened;
  await server.stop(1);
  expect(isClosed).toBe(true);
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

describe('clients that are no good', () => {
  const HEAD = 'POST / HTTP/1.1\r\nHost: x\r\n';

  async function answerTo(sent: string): Promise<string> {
    const server = new HttpServer(
      (request, response) => {
        request.on('error', () => undefined).on('end', () => response.end('done'));
        request.resume();
      },
      { requestTimeoutMs: 400, headersTimeoutMs: 200, maxHeaderBytes: 2048 },
    );
    const { port } = new URL(await server.start(LOCAL));
    const answer = await exchange(Number(port), sent);
    expect((await fetch(`http://127.0.0.1:${port}`)).status).toBe(200);
    await server.stop(0);
    return answer;
  }

  test.each([
    ['never sends the end of its headers', HEAD, 408, /takes too long/],
    [
      'never sends the end of its body',
      `${HEAD}Content-Length: 9\r\n\r\nabc`,
      408,
      /takes too long/,
    ],
    [
      'never sends the end of a chunk',
      `${HEAD}Transfer-Encoding: chunked\r\n\r\n5\r\nab`,
      408,
      /takes too long/,
    ],
    [
      'sends too many headers',
      `${HEAD}X: ${'x'.repeat(3000)}\r\n\r\n`,
      431,
      /headers of the request are too large/,
    ],
    ['sends no HTTP', 'hello\r\n\r\n', 400, /malformed/],
    [
      'says its length twice',
      `${HEAD}Content-Length: 1\r\nContent-Length: 2\r\n\r\nab`,
      400,
      /malformed/,
    ],
    [
      'says its length in two ways',
      `${HEAD}Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
      400,
      /malformed/,
    ],
    [
      'sends a chunk that is none',
      `${HEAD}Transfer-Encoding: chunked\r\n\r\nzz\r\n`,
      400,
      /malformed/,
    ],
    ['breaks a line within a header', `${HEAD}X: a\rb\r\n\r\n`, 400, /malformed/],
  ])('who %s is answered and let go', async (_what, sent, status, detail) => {
    const answer = await answerTo(sent);
    const [head = '', body = ''] = answer.split('\r\n\r\n');
    expect(head).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `));
    expect(head).toMatch(/Connection: close/i);
    expect(JSON.parse(body)).toMatchObject({ status, detail: expect.stringMatching(detail) });
  });

  test.each([
    ['an answer', (response: ServerResponse) => response.end(Buffer.alloc(64 * 1024 * 1024))],
    [
      'a stream',
      (response: ServerResponse) => {
        const more = (): void => {
          while (response.write(Buffer.alloc(64 * 1024)));
          response.once('drain', more);
        };
        more();
      },
    ],
  ])('who takes nothing of %s is let go', async (_what, answer) => {
    const closed = gate();
    const server = new HttpServer(
      (_request, response) => {
        response.once('close', () => closed.open());
        answer(response);
      },
      { sendTimeoutMs: 50 },
    );
    const { port } = new URL(await server.start(LOCAL));
    const socket = connect(Number(port), '127.0.0.1');
    socket.on('error', () => undefined).pause();
    socket.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
    await closed.opened;
    socket.destroy();
    await server.stop(60_000);
  });

  test('who waits for an answer that takes longer than that is not', async () => {
    const server = new HttpServer((_request, response) => {
      response.socket?.emit('timeout'); // as Node does once that time has passed
      response.end('done');
    });
    const { port } = new URL(await server.start(LOCAL));
    expect(await (await fetch(`http://127.0.0.1:${port}`)).text()).toBe('done');
    await server.stop(60_000);
  });

  test('who is being answered already is told nothing more', async () => {
    const server = new HttpServer((_request, response) => void response.write('half'));
    const { port } = new URL(await server.start(LOCAL));
    const answer = await exchange(
      Number(port),
      `${HEAD}Transfer-Encoding: chunked\r\n\r\n`,
      'zz\r\n',
    );
    expect(answer.match(/HTTP\/1\.1 \d+/g)).toEqual(['HTTP/1.1 200']);
    await server.stop(0);
  });
});

describe('requests that are sent before the one before is answered', () => {
  const GET = (path: string): string => `GET ${path} HTTP/1.1\r\nHost: x\r\n\r\n`;
  const LAST = 'GET /last HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n';

  test('all are answered in order, one after the other, however many they are', async () => {
    let open = 0;
    let mostOpen = 0;
    const server = new HttpServer((request, response) => {
      mostOpen = Math.max(mostOpen, ++open);
      response.once('finish', () => (open -= 1));
      setImmediate(() => response.end(`[${request.url}]`));
    });
    const { port } = new URL(await server.start(LOCAL));
    const paths = Array.from({ length: 5000 }, (_, index) => `/${index}`);
    const answers = await exchange(Number(port), paths.map(GET).join('') + LAST);
    expect(answers.match(/\[.*?\]/g)).toEqual([...paths, '/last'].map((path) => `[${path}]`));
    expect(mostOpen).toBe(1);
    await server.stop(0);
  });

  test.each([
    ['after a whole request', GET('/a'), ['[/a]'], 400],
    ['after several', GET('/a') + GET('/b'), ['[/a]', '[/b]'], 400],
    [
      'in the body of one that waits',
      `${GET('/a')}POST /b HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n`,
      ['[/a]'],
      400,
    ],
  ])(
    'what is no HTTP %s is refused once those are answered',
    async (_where, sent, said, status) => {
      const server = new HttpServer((request, response) => {
        request.on('error', () => undefined).resume();
        request.once('end', () => setImmediate(() => response.end(`[${request.url}]`)));
      });
      const { port } = new URL(await server.start(LOCAL));
      const answers = await exchange(Number(port), `${sent}no HTTP\r\n\r\n`);
      expect(answers.match(/\[.*?\]/g)).toEqual(said);
      expect(answers.match(/HTTP\/1\.1 \d+/g)).toEqual([
        ...said.map(() => 'HTTP/1.1 200'),
        `HTTP/1.1 ${status}`,
      ]);
      await server.stop(0);
    },
  );

  test('one begins after all that hangs on the end of the one before', async () => {
    const order: string[] = [];
    const server = new HttpServer((request, response) => {
      order.push(`begin ${request.url}`);
      response.end('done');
      response.once('close', () => order.push(`end ${request.url}`));
    });
    const { port } = new URL(await server.start(LOCAL));
    await exchange(Number(port), GET('/a') + LAST);
    expect(order.slice(0, 3)).toEqual(['begin /a', 'end /a', 'begin /last']);
    await server.stop(0);
  });

  test('of a client that leaves, none stays open and none begins any more', async () => {
    const began = gate();
    const closed = gate();
    const paths: (string | undefined)[] = [];
    const server = new HttpServer((request, response) => {
      paths.push(request.url);
      response.once('close', () => closed.open());
      began.open();
    });
    const { port } = new URL(await server.start(LOCAL));
    const socket = connect(Number(port), '127.0.0.1');
    socket.on('error', () => undefined).write(['/a', '/b', '/c'].map(GET).join(''));
    await began.opened;
    socket.resetAndDestroy();
    await closed.opened;
    await server.stop(60_000);
    expect(paths).toEqual(['/a']);
  });

  test('those behind an answer that ends the connection do not begin', async () => {
    const paths: (string | undefined)[] = [];
    const server = new HttpServer((request, response) => {
      paths.push(request.url);
      setImmediate(() => response.setHeader('Connection', 'close').end('done'));
    });
    const { port } = new URL(await server.start(LOCAL));
    const answers = await exchange(Number(port), GET('/a') + GET('/b'));
    expect(answers.match(/done/g)).toHaveLength(1);
    expect(paths).toEqual(['/a']);
    await server.stop(0);
  });

  test('one does not run in the work of the one before', async () => {
    const work = new AsyncLocalStorage<string>();
    const server = new HttpServer((request, response) => {
      const found = work.getStore() ?? 'none';
      work.run(request.url ?? '', () => setImmediate(() => response.end(`[${found}]`)));
    });
    const { port } = new URL(await server.start(LOCAL));
    const answers = await exchange(Number(port), GET('/a') + GET('/b') + LAST);
    expect(answers.match(/\[.*?\]/g)).toEqual(['[none]', '[none]', '[none]']);
    await server.stop(0);
  });

  test('a body that waits is read whole once it is its turn', async () => {
    const server = new HttpServer((request, response) => {
      let bytes = 0;
      request.on('data', (chunk: Buffer) => (bytes += chunk.length));
      request.on('end', () => setImmediate(() => response.end(`[${bytes}]`)));
    });
    const { port } = new URL(await server.start(LOCAL));
    const body = 'x'.repeat(1_000_000);
    const post = `POST / HTTP/1.1\r\nHost: x\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
    const sent = (GET('/').repeat(20) + post).repeat(3) + LAST;
    const answers = await exchange(Number(port), sent);
    const round = [...Array.from({ length: 20 }, () => '[0]'), '[1000000]'];
    expect(answers.match(/\[.*?\]/g)).toEqual([...round, ...round, ...round, '[0]']);
    await server.stop(0);
  });
});
