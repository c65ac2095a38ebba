import fc from 'fast-check';
import { jsonForm } from '../../../src/http/answers/json-form';
import { serve, useAnswers } from '../../helpers/answer-site';

useAnswers();

/** A value of each kind, and the JSON that comes of it. */
const VALUES: readonly (readonly [name: string, value: unknown, json: string])[] = [
  ['a date', new Date(0), '"1970-01-01T00:00:00.000Z"'],
  ['an invalid date', new Date(NaN), 'null'],
  ['a bigint', 12345678901234567890n, '"12345678901234567890"'],
  ['a map with keys of text', new Map([['a', 1n]]), '{"a":"1"}'],
  ['a map with other keys', new Map<unknown, unknown>([[1, new Set(['a'])]]), '[[1,["a"]]]'],
  ['an empty map', new Map(), '{}'],
  ['a set', new Set([1, 2n]), '[1,"2"]'],
  ['a buffer', Buffer.from('hello'), '"aGVsbG8="'],
  ['a part of a buffer', Buffer.from('hello').subarray(1, 3), '"ZWw="'],
  ['a typed array', new Uint16Array([1, 2]), '"AQACAA=="'],
  ['an array buffer', new Uint8Array([104, 105]).buffer, '"aGk="'],
  ['undefined', undefined, 'null'],
  ['NaN', NaN, 'null'],
  ['an address', new URL('https://example.com/a'), '"https://example.com/a"'],
  ['what has toJSON', { toJSON: () => new Map([['a', 1]]) }, '{"a":1}'],
];

test.each(VALUES)('%s within an answer becomes JSON', (_name, value, json) => {
  expect(JSON.stringify(jsonForm([value]))).toBe(`[${json}]`);
  expect(JSON.stringify(jsonForm(new Map([['deep', [value]]])))).toBe(`{"deep":[${json}]}`);
});

test('an answer that says it is nothing is refused, and a part that does is left out', async () => {
  const nothing = { toJSON: () => undefined };
  expect(() => jsonForm(nothing)).toThrow('an object whose "toJSON" gives undefined');
  expect(JSON.stringify(jsonForm({ nothing, some: [nothing] }))).toBe('{"some":[null]}');
  const { client } = await serve((route) => void route.get('/nothing', () => nothing));
  await client.get('/nothing').expect(500);
});

test('a field that is undefined is left out', () => {
  expect(JSON.stringify(jsonForm({ a: undefined, b: 1n }))).toBe('{"b":"1"}');
});

test('plain values come back themselves, and are written as JSON.stringify writes them', () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      expect(jsonForm(value)).toBe(value);
    }),
  );
});

test('what is given is not changed, and a key "__proto__" stays a key', () => {
  const given = JSON.parse('{"__proto__":{"admin":true},"list":[1]}') as Record<string, unknown>;
  const form = jsonForm({ ...given, big: 1n, ['__proto__']: new Set([1]) });
  expect(JSON.stringify(form)).toBe('{"__proto__":[1],"list":[1],"big":"1"}');
  const map = new Map([['__proto__', { admin: true }]]);
  expect(JSON.stringify(jsonForm(map))).toBe('{"__proto__":{"admin":true}}');
  const big = { of: 1n };
  jsonForm(big);
  expect(big).toEqual({ of: 1n });
});

test('an object that gives itself as JSON is written by its fields', () => {
  class Report {
    readonly id = 7n;
    toJSON() {
      return this;
    }
  }
  expect(jsonForm(new Report())).toEqual({ id: '7' });
});

test('a value that cannot be JSON is named by its place', () => {
  const messageOf = (value: unknown): string => {
    try {
      jsonForm(value);
      return 'none';
    } catch (error) {
      return (error as Error).message;
    }
  };
  const loop: Record<string, unknown> = {};
  loop['self'] = loop;
  let deep: unknown = 1;
  for (let level = 0; level < 5000; level += 1) deep = [deep];
  expect(messageOf({ users: [{ greet: () => 1 }] })).toBe(
    'The value.users[0].greet of an answer cannot be JSON: it is a function.',
  );
  expect(messageOf(Symbol('x'))).toContain('The value of an answer cannot be JSON: it is a symbol');
  expect(messageOf(new Map([['rows', Promise.resolve()]]))).toContain('value.rows');
  expect(messageOf({ rows: Promise.resolve([]) })).toContain('a promise: await it');
  expect(messageOf({ loop })).toContain('value.loop.self.self');
  expect(messageOf({ loop })).toContain('an object that holds itself');
  expect(messageOf(deep)).toContain('nested deeper than 1000 levels');
});

test('a returned value and response.json are the same', async () => {
  const value = { at: new Date(0), seen: new Map([['a', 1n]]), file: Buffer.from('x') };
  const json = { at: '1970-01-01T00:00:00.000Z', seen: { a: '1' }, file: 'eA==' };
  const { client } = await serve((route) => {
    route.get('/returned', () => value);
    route.get('/sent', (_request, response) => response.json(value));
    route.get('/send', (_request, response) => response.send(value));
    route.get('/jsonp', (_request, response) => response.jsonp(value));
    route.get('/map', () => new Map([['a', 1]]));
    route.get('/null', () => null);
  });
  for (const path of ['/returned', '/sent', '/send']) {
    await client.get(path).expect(200, json).expect('Content-Type', /json/);
  }
  await client
    .get('/jsonp?callback=go')
    .expect(200)
    .expect((answer) => {
      expect(answer.text).toContain(JSON.stringify(json));
    });
  await client.get('/map').expect(200, { a: 1 });
  await client.get('/null').expect(200, 'null');
});

test('bytes that are returned stay bytes, and text is HTML unless the action says what it is', async () => {
  const { client } = await serve((route) => {
    route.get('/buffer', () => Buffer.from('abc'));
    route.get('/bytes', () => new Uint8Array([97, 98]));
    route.get('/text', () => '<p>');
    route.get('/csv', (_request, response) => {
      response.type('csv');
      return 'a,b';
    });
  });
  const buffer = await client.get('/buffer').expect('Content-Type', 'application/octet-stream');
  expect(buffer.body).toEqual(Buffer.from('abc'));
  const bytes = await client.get('/bytes').expect('Content-Type', 'application/octet-stream');
  expect(bytes.body).toEqual(Buffer.from('ab'));
  await client.get('/text').expect('Content-Type', 'text/html; charset=utf-8');
  await client.get('/csv').expect('Content-Type', 'text/csv; charset=utf-8').expect(200, 'a,b');
});

test('what cannot be JSON is a 500 with the code in the log, and no half answer', async () => {
  const { client } = await serve((route) => {
    route.get('/loop', () => {
      const loop: unknown[] = [];
      loop.push(loop);
      return loop;
    });
    route.get('/function', () => ({ greet: () => 'hi' }));
  });
  await client
    .get('/loop')
    .expect(500)
    .expect('Content-Type', /problem\+json/);
  await client.get('/function').expect(500);
});
