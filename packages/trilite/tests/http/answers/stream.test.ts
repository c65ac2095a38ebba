import { createReadStream } from 'node:fs';
import { Readable } from 'node:stream';
import { answer, CacheRepository, downloadContent, startSession, stream } from 'trilite';
import { ask, nextText, restOf, serve, useAnswers } from '../../helpers/answer-site';
import { gate } from '../../helpers/gate';
import { openTenantSite } from '../../helpers/tenant-site';

useAnswers();

test('a generator answers bit by bit', async () => {
  const more = gate();
  const { listen } = await serve((route) => {
    route.get('/', () =>
      stream(
        (async function* () {
          yield 'one ';
          await more.opened;
          yield Buffer.from('two');
        })(),
      ),
    );
  });
  const sent = await ask(await listen());
  expect(sent.headers['content-type']).toBe('text/plain; charset=utf-8');
  expect(await nextText(sent)).toBe('one ');
  more.open();
  expect(await restOf(sent)).toEqual({ text: 'two', isWhole: true });
});

test('a stream of node answers, with a type and a status of its own', async () => {
  const { client } = await serve((route) => {
    route.get('/csv', () => stream(Readable.from(['a', ',b']), { type: 'csv' }));
    route.get('/made', () =>
      answer(stream(Readable.from(['x'])))
        .status(201)
        .type('text/x-own'),
    );
    route.get('/empty', () => stream(Readable.from([])));
  });
  await client.get('/csv').expect(200, 'a,b').expect('Content-Type', 'text/csv; charset=utf-8');
  await client
    .get('/made')
    .expect(201, 'x')
    .expect('Content-Type', /text\/x-own/);
  await client.get('/empty').expect(200, '');
});

test('an error before the first bit is answered as any other', async () => {
  const { client, project } = await serve((route) => {
    route.get('/generator', () =>
      downloadContent(
        // eslint-disable-next-line require-yield -- it fails before
        (async function* (): AsyncGenerator<string> {
          throw new Error('broken');
        })(),
        'report.csv',
      ),
    );
    route.get('/file', () => stream(createReadStream(`${project.path}/none.txt`)));
    route.get('/open', () =>
      stream(() => {
        throw new Error('broken');
      }),
    );
  });
  for (const path of ['/generator', '/file', '/open']) {
    await client
      .get(path)
      .expect(500)
      .expect('Content-Type', /problem\+json/)
      .expect((sent) => expect(sent.headers).not.toHaveProperty('content-disposition'));
  }
});

test('an error after the first bit ends the connection: the answer does not look whole', async () => {
  const { listen } = await serve((route) => {
    route.get('/thrown', () =>
      stream(
        (async function* () {
          yield 'half';
          throw new Error('broken');
        })(),
      ),
    );
    route.get('/wrong', () =>
      stream(
        (async function* () {
          yield 'half';
          yield 7 as unknown as string;
        })(),
      ),
    );
  });
  const printed = jest.spyOn(console, 'error').mockImplementation(() => undefined);
  const address = await listen();
  for (const path of ['/thrown', '/wrong']) {
    const { isWhole } = await restOf(await ask(`${address}${path}`));
    expect(isWhole).toBe(false);
  }
  expect(printed).not.toHaveBeenCalled(); // the log has it
  printed.mockRestore();
});

test('when the client leaves, a generator is returned from its yield', async () => {
  const left = gate<string>();
  const { listen } = await serve((route) => {
    route.get('/', () =>
      stream(
        (async function* () {
          try {
            for (;;) yield 'x'.repeat(100_000);
          } finally {
            left.open('returned');
          }
        })(),
      ),
    );
  });
  const sent = await ask(await listen());
  await nextText(sent);
  sent.destroy();
  expect(await left.opened).toBe('returned');
});

test('a generator is asked for no more than the client reads', async () => {
  let count = 0;
  const paused = gate();
  const { listen } = await serve((route) => {
    route.get('/', (_request, response) =>
      stream(
        (async function* () {
          while (count < 10_000) {
            count += 1;
            yield 'x'.repeat(100_000);
            if (response.writableNeedDrain) paused.open();
          }
        })(),
      ),
    );
  });
  const sent = await ask(await listen());
  await nextText(sent);
  for (let turn = 0; turn < 200; turn += 1) await new Promise((resolve) => setImmediate(resolve));
  expect(count).toBeLessThan(1000);
  sent.destroy();
});

test('when the client leaves, a stream that waits for something is destroyed, and a signal aborts', async () => {
  const source = new Readable({ read: () => undefined });
  const aborted = gate<unknown>();
  const { listen } = await serve((route) => {
    route.get('/stream', () => stream(source));
    route.get('/signal', () =>
      stream(async function* ({ signal }) {
        yield 'first';
        await new Promise((resolve) => signal.addEventListener('abort', resolve));
        aborted.open(signal.aborted);
      }),
    );
  });
  const address = await listen();
  source.push('first');
  const sent = await ask(`${address}/stream`);
  expect(await nextText(sent)).toBe('first');
  const closed = new Promise((resolve) => source.once('close', resolve));
  sent.destroy();
  await closed;
  expect(source.destroyed).toBe(true);
  const other = await ask(`${address}/signal`);
  expect(await nextText(other)).toBe('first');
  other.destroy();
  expect(await aborted.opened).toBe(true);
});

test('HEAD asks for nothing, and lets go of the source', async () => {
  const source = new Readable({ read: () => undefined });
  let isOpened = false;
  const { client } = await serve((route) => {
    route.get('/stream', () => stream(source));
    route.get('/opened', () =>
      stream(() => {
        isOpened = true;
        return source;
      }),
    );
  });
  await client
    .head('/stream')
    .expect(200)
    .expect('Content-Type', /text\/plain/);
  expect(source.destroyed).toBe(true);
  await client.head('/opened').expect(200);
  expect(isOpened).toBe(false);
});

test('content that lies nowhere is downloaded, whatever it is', async () => {
  const { client } = await serve((route) => {
    route.get('/text', () => downloadContent('a;ü', 'für "alle".csv'));
    route.get('/bytes', () => downloadContent(new Uint8Array([1, 2]), 'a.bin'));
    route.get('/stream', () =>
      downloadContent(Readable.from(['a', 'b']), 'a.txt', { type: 'csv' }),
    );
    route.get('/evil', () => downloadContent('x', '../a\r\nSet-Cookie: b=c'));
  });
  await client
    .get('/text')
    .expect(200, 'a;ü')
    .expect('Content-Type', 'text/csv; charset=utf-8')
    .expect(
      'Content-Disposition',
      /^attachment; filename="f\?r \\"alle\\"\.csv"; filename\*=UTF-8''/,
    );
  const { body } = await client.get('/bytes').expect('Content-Type', 'application/octet-stream');
  expect(body).toEqual(Buffer.from([1, 2]));
  await client
    .get('/stream')
    .expect(200, 'ab')
    .expect('Content-Type', /text\/csv/);
  await client.get('/evil').expect((sent) => {
    expect(sent.headers).not.toHaveProperty('set-cookie');
    expect(sent.headers['content-disposition']).toBe('attachment; filename="_a__Set-Cookie_ b=c"');
  });
});

test('a stream runs in the work of its tenant, and cleans up in it after its client has left', async () => {
  const cleaned = gate<unknown>();
  const site = await openTenantSite({
    tenantRoutes: (route) => {
      route.get('/', (request) =>
        stream(
          (async function* () {
            try {
              for (;;) yield `${request.tenant?.id ?? 'nobody'};`.repeat(20_000);
            } finally {
              await cache().put('left', true, '1h');
              cleaned.open(await cache().get('left'));
            }
          })(),
        ),
      );
    },
    tenants: ['acme'],
  });
  const cache = () => site.app.make(CacheRepository);
  try {
    const sent = await ask(`http://127.0.0.1:${site.port}`, { Host: 'acme.example' });
    expect(await nextText(sent)).toContain('acme;');
    sent.destroy();
    expect(await cleaned.opened).toBe(true);
    await site.app.tenancy.run('acme', async () => {
      expect(await cache().get('left')).toBe(true);
    });
  } finally {
    await site.close();
  }
});

test('a session is written before the first bit', async () => {
  const { client } = await serve(
    (route) => {
      route.get('/', ({ session }) => {
        session.put('seen', true);
        return stream(Readable.from(['a', 'b']));
      });
    },
    [startSession],
  );
  await client
    .get('/')
    .expect(200, 'ab')
    .expect('Set-Cookie', /session/);
});
