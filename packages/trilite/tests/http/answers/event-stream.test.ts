import { Readable } from 'node:stream';
import { eventStream, ForbiddenError, startSession, type ServerEvent } from 'trilite';
import { encodeEvent } from '../../../src/http/answers/event-stream';
import { ask, nextText, restOf, serve, useAnswers } from '../../helpers/answer-site';
import { errorWith } from '../../helpers/errors';
import { gate } from '../../helpers/gate';

useAnswers();

/** Resolves once the signal aborts. */
const abortOf = (signal: AbortSignal) =>
  new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()));

test.each<[ServerEvent, string]>([
  [{ data: 'text' }, 'data: text\n\n'],
  [{ data: { a: 1n, at: new Date(0) } }, 'data: {"a":"1","at":"1970-01-01T00:00:00.000Z"}\n\n'],
  [{ data: null }, 'data: null\n\n'],
  [{ data: 'a\nb\r\nc\rd\n' }, 'data: a\ndata: b\ndata: c\ndata: d\ndata: \n\n'],
  [{ data: 'a\n\nevent: evil' }, 'data: a\ndata: \ndata: event: evil\n\n'],
  [
    { event: 'progress', id: 7, retry: '3s', data: 1 },
    'event: progress\nid: 7\nretry: 3000\ndata: 1\n\n',
  ],
  [{ id: '' }, 'id: \n\n'],
])('%j goes out as the format has it', (event, text) => {
  expect(encodeEvent(event)).toBe(text);
});

test.each([
  { event: 'a\ndata: evil' },
  { event: 'a\rdata: evil' },
  { id: '1\r\n\r\ndata: evil' },
  { id: '1\u0000' },
  { event: 7 as unknown as string },
  { retry: -1 },
])('%j is refused: it would be another event', (event) => {
  expect(() => encodeEvent(event)).toThrow(errorWith('E_ANSWER_INVALID'));
});

test('events reach the browser one after the other, which nobody keeps back or remembers', async () => {
  const more = gate();
  const { listen } = await serve((route) => {
    route.get('/', () =>
      eventStream(async function* () {
        yield { data: 'one' };
        await more.opened;
        yield { data: 'two' };
      }),
    );
  });
  const sent = await ask(await listen());
  expect(sent.headers).toMatchObject({
    'content-type': 'text/event-stream',
    'cache-control': 'no-store, no-transform',
    'x-accel-buffering': 'no',
  });
  expect(await nextText(sent)).toBe('data: one\n\n');
  more.open();
  expect(await restOf(sent)).toEqual({ text: 'data: two\n\n', isWhole: true });
});

test('the browser is told at once that it is connected, and again and again that it still is', async () => {
  const { listen } = await serve((route) => {
    route.get('/', () =>
      eventStream(
        async function* ({ signal }) {
          await abortOf(signal);
          yield { data: 'never' };
        },
        { heartbeat: '1ms' },
      ),
    );
  });
  const sent = await ask(await listen());
  expect(await nextText(sent)).toContain(':\n\n');
  expect(await nextText(sent)).toContain(':\n\n');
  sent.destroy();
});

test('a browser that comes again says what it had last', async () => {
  const { client } = await serve((route) => {
    route.get('/', () =>
      eventStream(async function* ({ lastEventId }) {
        yield { data: { lastEventId } };
      }),
    );
  });
  const id = Buffer.from('für-7').toString('latin1');
  await client.get('/').set('Last-Event-ID', id).expect('data: {"lastEventId":"für-7"}\n\n');
  await client.get('/').expect('data: {}\n\n');
});

test('what fails at once is answered as any other error; later the connection ends', async () => {
  const { client, listen } = await serve((route) => {
    route.get('/forbidden', () =>
      // eslint-disable-next-line require-yield -- it fails before
      eventStream(async function* () {
        throw ForbiddenError.because('Not yours.');
      }),
    );
    route.get('/later', () =>
      eventStream(async function* () {
        yield { data: 1 };
        throw new Error('broken');
      }),
    );
  });
  await client
    .get('/forbidden')
    .expect(403)
    .expect('Content-Type', /problem\+json/);
  const { isWhole } = await restOf(await ask(`${await listen()}/later`));
  expect(isWhole).toBe(false);
});

test('when the browser leaves, the signal aborts and the generator ends', async () => {
  const ended = gate<string>();
  const { listen } = await serve((route) => {
    route.get('/', () =>
      eventStream(async function* ({ signal }) {
        try {
          yield { data: 1 };
          await abortOf(signal);
          yield { data: 2 };
          ended.open('went on');
        } finally {
          ended.open('ended');
        }
      }),
    );
  });
  const sent = await ask(await listen());
  await nextText(sent);
  sent.destroy();
  expect(await ended.opened).toBe('ended');
});

test('a server that stops ends event streams at once, those that listen to no signal as well', async () => {
  const ended = gate<boolean>();
  const atLast = gate();
  const { listen, stop } = await serve((route) => {
    route.get('/deaf', () =>
      eventStream(async function* () {
        yield { data: 1 };
        await atLast.opened;
      }),
    );
    route.get('/listening', () =>
      eventStream(async function* ({ signal }) {
        yield { data: 1 };
        await abortOf(signal);
        ended.open(signal.aborted);
      }),
    );
  });
  const address = await listen();
  const streams = await Promise.all(
    ['/deaf', '/listening'].map(async (path) => {
      const sent = await ask(`${address}${path}`);
      await nextText(sent);
      return sent;
    }),
  );
  await stop(600_000); // without the end of the streams, the test would wait for as long
  for (const sent of streams) expect(await restOf(sent)).toEqual({ text: '', isWhole: true });
  expect(await ended.opened).toBe(true);
  atLast.open();
});

test('an application closes while somebody still listens', async () => {
  const atLast = gate();
  const { app, listen } = await serve((route) => {
    route.get('/', () =>
      eventStream(async function* () {
        yield { data: 1 };
        await atLast.opened;
      }),
    );
  });
  const sent = await ask(await listen());
  await nextText(sent);
  await app.close();
  sent.destroy();
  atLast.open();
});

test('a hundred listeners are no leak, and warn of none', async () => {
  const warnings: string[] = [];
  const onWarning = ({ name }: Error) => warnings.push(name);
  process.on('warning', onWarning);
  const { listen } = await serve((route) => {
    route.get('/', () =>
      eventStream(async function* ({ signal }) {
        yield { data: 1 };
        await abortOf(signal);
      }),
    );
  });
  const address = await listen();
  const all = await Promise.all(Array.from({ length: 100 }, () => ask(address)));
  await Promise.all(all.map(nextText));
  for (const sent of all) sent.destroy();
  await new Promise((resolve) => setImmediate(resolve));
  process.off('warning', onWarning);
  expect(warnings).toEqual([]);
});

test('events may come from a stream of objects', async () => {
  const { client } = await serve((route) => {
    route.get('/', () => eventStream(() => Readable.from([{ data: 1 }, { data: 2 }])));
  });
  await client.get('/').expect('data: 1\n\ndata: 2\n\n');
  await client.head('/').expect(200).expect('Content-Type', 'text/event-stream');
});

test('the session is written before the first event: who changes it later is told so', async () => {
  const thrown = gate<unknown>();
  const { client } = await serve(
    (route) => {
      const later = (request: { session: { put(key: string, value: unknown): void } }) =>
        eventStream(async function* () {
          yield { data: 1 };
          try {
            request.session.put('late', true);
            thrown.open('nothing');
          } catch (error) {
            thrown.open(error);
          }
        });
      route.get('/used', (request) => {
        request.session.put('seen', true);
        return later(request);
      });
      route.get('/unused', (request) => later(request));
    },
    [startSession],
  );
  await client.get('/unused').expect(200, 'data: 1\n\n');
  expect(await thrown.opened).toEqual(errorWith('E_SESSION_CLOSED'));
  await client
    .get('/used')
    .expect(200, 'data: 1\n\n')
    .expect('Set-Cookie', /session/);
});

test('a heartbeat that is none is a mistake', () => {
  const none = async function* () {
    yield { data: 1 };
  };
  expect(() => eventStream(none, { heartbeat: 0 })).toThrow(RangeError);
});
