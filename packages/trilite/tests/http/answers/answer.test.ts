import { answer, cors, html, negotiate } from 'trilite';
import { serve, useAnswers } from '../../helpers/answer-site';
import { errorWith } from '../../helpers/errors';

useAnswers();

describe('answer', () => {
  test('gives what an action returns a status and headers', async () => {
    const { client } = await serve((route) => {
      route.post('/made', () =>
        answer({ id: 7n }).status(201).header('Location', '/reports/7').header('X-Own', 'ä'),
      );
      route.get('/page', () => answer(html`<p>${'<'}</p>`).status(404));
      route.get('/csv', () => answer('a,b').type('csv'));
      route.get('/accepted', () => answer().status(202));
      route.get('/nothing', () => answer());
      route.get('/none', () => answer({ a: 1 }).status(204));
      route.get('/nested', () => answer(answer({ a: 1 }).status(201)).header('X-Own', 'yes'));
      route.get('/promised', () => answer(() => Promise.resolve({ a: 1 })));
    });
    await client.post('/made').expect(201, { id: '7' }).expect('Location', '/reports/7');
    await client.get('/page').expect(404, '<p>&lt;</p>').expect('Content-Type', /html/);
    await client.get('/csv').expect(200, 'a,b').expect('Content-Type', 'text/csv; charset=utf-8');
    await client.get('/accepted').expect(202, '');
    await client.get('/nothing').expect(204, '');
    const none = await client.get('/none').expect(204, '');
    expect(none.headers).not.toHaveProperty('content-type');
    await client.get('/nested').expect(201, { a: 1 }).expect('X-Own', 'yes');
    await client.get('/promised').expect(200, { a: 1 });
    const head = await client.head('/nested').expect(201);
    expect(head.headers['content-length']).toBe('7');
  });

  test('takes back no cookie, and nothing that caches were told to tell apart', async () => {
    const origins = ['https://app.example'];
    const { client } = await serve(
      (route) => {
        route.get('/', ({ cookies }) => {
          cookies.set('mine', '1', { plain: true });
          return answer({}).header('Set-Cookie', 'other=2').header('Vary', 'Accept-Language');
        });
      },
      [cors({ origins })],
    );
    const { headers } = await client.get('/').expect('Vary', 'Origin, Accept-Language');
    expect(headers['set-cookie']).toEqual([expect.stringMatching(/^mine=1;/), 'other=2']);
  });

  test('says for how long whoever may keep it', async () => {
    const { client } = await serve((route) => {
      route.get('/own', () => answer({}).cacheFor('10m'));
      route.get('/all', () => answer({}).cacheFor('1d', { public: true, immutable: true }));
      route.get('/never', () => answer({}).header('Cache-Control', 'no-store'));
    });
    await client.get('/own').expect('Cache-Control', 'private, max-age=600');
    await client.get('/all').expect('Cache-Control', 'public, max-age=86400, immutable');
    await client.get('/never').expect('Cache-Control', 'no-store');
  });

  test('is 304 without a body for who has it already', async () => {
    let made = 0;
    const make = () => {
      made += 1;
      return { rows: 3 };
    };
    const { client } = await serve((route) => {
      route.get('/body', () => ({ rows: 3 }));
      route.get('/page', () => html`<p>3</p>`);
      route.get('/dated', () => answer(make).lastModified(new Date('2026-01-01T10:00:00.700Z')));
      route.get('/versioned', () => answer(make).version('a"b').type('json'));
    });
    for (const path of ['/body', '/page']) {
      const { headers } = await client.get(path).expect(200);
      await client.get(path).set('If-None-Match', String(headers['etag'])).expect(304, '');
      await client.get(path).set('If-None-Match', '"other"').expect(200);
    }
    await client
      .get('/dated')
      .expect(200, { rows: 3 })
      .expect('Last-Modified', 'Thu, 01 Jan 2026 10:00:00 GMT');
    const since = 'Thu, 01 Jan 2026 10:00:00 GMT';
    await client.get('/dated').set('If-Modified-Since', since).expect(304, '');
    const { headers } = await client.get('/versioned').expect(200).expect('ETag', 'W/"a%22b"');
    await client
      .get('/versioned')
      .set('If-None-Match', String(headers['etag']))
      .expect(304, '')
      .expect('ETag', 'W/"a%22b"');
    expect(made).toBe(2); // not for those who have it
  });

  test.each([
    ['X-Own', 'a\r\nSet-Cookie: b=c'],
    ['X-Own', 'a\nb'],
    ['X-Own', 'a\u0000'],
    ['X-Own', '→'],
    ['X-Own\r\nSet-Cookie', 'a'],
    ['X Own', 'a'],
    ['', 'a'],
  ])('refuses the header %j: %j', (name, value) => {
    expect(() => answer({}).header(name, value)).toThrow(errorWith('E_ANSWER_INVALID'));
  });

  test('refuses a status, a date and a span that are none', () => {
    expect(() => answer({}).status(700)).toThrow(RangeError);
    expect(() => answer({}).status(2.5)).toThrow(RangeError);
    expect(() => answer({}).lastModified(new Date(NaN))).toThrow(errorWith('E_ANSWER_INVALID'));
    expect(() => answer({}).cacheFor('soon')).toThrow(TypeError);
    expect(() => answer({}).type('text/html\r\nX-Evil: a')).toThrow(errorWith('E_ANSWER_INVALID'));
  });
});

test('an error in the place of an answer is neither remembered nor a file to keep', async () => {
  const { client } = await serve((route) => {
    route.get('/', (_request, response) => {
      response.set({
        'Cache-Control': 'public, max-age=600',
        'Content-Disposition': 'attachment',
        'Content-Security-Policy': "default-src 'self'",
        ETag: '"1"',
      });
      throw new Error('broken');
    });
    route.get('/strict', (_request, response) => {
      response.set('Cache-Control', 'no-store');
      throw new Error('broken');
    });
  });
  const { headers } = await client.get('/').expect(500);
  expect(headers).toHaveProperty('content-security-policy', "default-src 'self'");
  expect(headers).not.toHaveProperty('cache-control');
  expect(headers).not.toHaveProperty('content-disposition');
  expect(headers['etag']).not.toBe('"1"');
  await client.get('/strict').expect(500).expect('Cache-Control', 'no-store');
});

describe('negotiate', () => {
  const made: string[] = [];
  const form = <T>(name: string, value: T) => {
    return () => {
      made.push(name);
      return value;
    };
  };
  const forms = {
    html: form('html', html`<p>Sales</p>`),
    json: form('json', { title: 'Sales' }),
    csv: form('csv', 'Sales\n'),
    'application/vnd.api+json': form('api', { data: 'Sales' }),
  };

  test.each([
    [undefined, 'html', 'text/html; charset=utf-8', '<p>Sales</p>'],
    ['*/*', 'html', 'text/html; charset=utf-8', '<p>Sales</p>'],
    ['application/json', 'json', 'application/json; charset=utf-8', '{"title":"Sales"}'],
    ['text/csv, text/html;q=0.5', 'csv', 'text/csv; charset=utf-8', 'Sales\n'],
    [
      'application/vnd.api+json',
      'api',
      'application/vnd.api+json; charset=utf-8',
      '{"data":"Sales"}',
    ],
  ])('with Accept %s answers in one form: %s', async (accept, name, type, text) => {
    made.length = 0;
    const { client } = await serve((route) => {
      route.get('/', () => negotiate(forms));
    });
    const asked = client
      .get('/')
      .buffer(true)
      .parse((sent, done) => {
        const chunks: Buffer[] = [];
        sent.on('data', (chunk: Buffer) => chunks.push(chunk));
        sent.on('end', () => done(null, Buffer.concat(chunks).toString()));
      });
    if (accept !== undefined) asked.set('Accept', accept);
    const { body } = await asked.expect(200).expect('Content-Type', type).expect('Vary', 'Accept');
    expect(body).toBe(text);
    expect(made).toEqual([name]);
  });

  test('is 406 with what there is where no form is taken', async () => {
    const { client } = await serve((route) => {
      route.get('/', () => negotiate(forms));
    });
    await client
      .get('/')
      .set('Accept', 'image/png')
      .expect(406)
      .expect('Vary', 'Accept')
      .expect(({ body }) => {
        expect(body).toMatchObject({
          code: 'E_NOT_ACCEPTABLE',
          detail: 'The answer is there as html, json, csv, application/vnd.api+json.',
        });
      });
  });

  test('may answer in other ways, and not at all', async () => {
    const { client } = await serve((route) => {
      route.get('/', () =>
        negotiate({ json: () => answer({ id: 7 }).status(201), html: () => undefined }),
      );
    });
    await client.get('/').expect(201, { id: 7 });
    await client.get('/').set('Accept', 'text/html').expect(204, '');
  });
});
