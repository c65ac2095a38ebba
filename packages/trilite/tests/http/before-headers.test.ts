import {
  createServer,
  get,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from 'node:http';
import { Readable } from 'node:stream';
import { beforeHeaders } from '../../src/http/before-headers';
import { gate } from '../helpers/gate';

let server: Server;
afterEach(() => new Promise((resolve) => server.close(resolve)));

/** What a server answers, whole. */
async function answerOf(
  answer: (response: ServerResponse) => void,
): Promise<{ status: number | undefined; headers: IncomingMessage['headers']; text: string }> {
  server = createServer((_request, response) => answer(response));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  const response = await new Promise<IncomingMessage>((resolve) =>
    get({ port, agent: false }, resolve),
  );
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk as Buffer);
  return {
    status: response.statusCode,
    headers: response.headers,
    text: Buffer.concat(chunks).toString(),
  };
}

const pause = () => new Promise<void>((resolve) => setImmediate(resolve));

const noError = (error: unknown) => {
  throw error as Error;
};

test('headers that the work sets leave with the answer, which comes whole and in its order', async () => {
  const answer = await answerOf((response) => {
    const work = async () => {
      await pause();
      response.setHeader('X-Late', 'yes');
    };
    beforeHeaders(response, { work, onError: noError });
    response.statusCode = 201;
    response.write('a');
    response.write('b');
    response.end('c');
  });
  expect(answer).toMatchObject({ status: 201, text: 'abc', headers: { 'x-late': 'yes' } });
});

test('a status and headers that are written by hand are kept', async () => {
  const answer = await answerOf((response) => {
    beforeHeaders(response, { work: pause, onError: noError });
    response.writeHead(202, { 'X-Own': 'yes' }).end('done');
  });
  expect(answer).toMatchObject({ status: 202, text: 'done', headers: { 'x-own': 'yes' } });
});

test('without work the answer leaves at once', async () => {
  const answer = await answerOf((response) => {
    beforeHeaders(response, { work: () => undefined, onError: noError });
    response.write('a');
    expect(Object.hasOwn(response, 'headersSent')).toBe(false);
    expect(response.headersSent).toBe(true);
    response.end();
  });
  expect(answer.text).toBe('a');
});

test('the work is done once, and meanwhile the headers count as sent', async () => {
  let count = 0;
  const [go, seen] = [gate(), [] as boolean[]];
  const answer = await answerOf((response) => {
    const work = async () => {
      count += 1;
      await go.opened;
    };
    beforeHeaders(response, { work, onError: noError });
    seen.push(response.headersSent);
    response.flushHeaders();
    seen.push(response.headersSent);
    response.write('a');
    response.end();
    go.open();
  });
  expect([count, seen, answer.text]).toEqual([1, [false, true], 'a']);
});

test('a stream of many pieces arrives whole', async () => {
  const pieces = Array.from({ length: 200 }, (_, index) => `${index}:`.padEnd(1024, '.'));
  const answer = await answerOf((response) => {
    beforeHeaders(response, { work: pause, onError: noError });
    Readable.from(pieces).pipe(response);
  });
  expect(answer.text).toBe(pieces.join(''));
});

test('work that fails has another answer sent, with nothing left of the first', async () => {
  const answer = await answerOf((response) => {
    const work = async () => {
      await pause();
      throw new Error('full');
    };
    const onError = (error: unknown) => {
      response.statusCode = 500;
      response.end(`failed: ${(error as Error).message}`);
    };
    beforeHeaders(response, { work, onError });
    response.setHeader('ETag', '"1"').setHeader('Content-Length', '6').setHeader('X-Kept', 'yes');
    response.end('secret');
  });
  expect(answer).toMatchObject({ status: 500, text: 'failed: full', headers: { 'x-kept': 'yes' } });
  expect(answer.headers).not.toHaveProperty('etag');
});

test('an answer that is an error already is sent, though the work fails', async () => {
  const answer = await answerOf((response) => {
    beforeHeaders(response, { work: () => Promise.reject(new Error('full')), onError: noError });
    response.statusCode = 503;
    response.end('down');
  });
  expect(answer).toMatchObject({ status: 503, text: 'down' });
});
