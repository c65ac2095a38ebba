import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { sql } from 'kysely';
import {
  Database,
  HttpServer,
  startSession,
  upload,
  validated,
  verifyCsrf,
  type Request,
} from 'trilite';
import { createTestApplication, type TestApplication } from 'trilite/testing';
import ts from 'typescript';
import { z } from 'zod';
import { newAppKey } from '../../src/support/app-key';
import { exchange } from '../helpers/exchange';
import { createProject, exportDefault, type TestProject } from '../helpers/project';

/*
 * What nobody may do from outside, in production. Beside this file: CSRF, session fixation and cookies in session/ and cookies/; where forms go back to in
 * forms.test.ts; nested and inherited bodies in validation.test.ts; files and their names in uploads/; slow and malformed clients in
 * http-server.test.ts; proxies in trust-proxy.test.ts; whose a request is in tenant-fuzz.test.ts.
 */

let project: TestProject;
let app: TestApplication;
let server: HttpServer;
let port: number;

const KEY = newAppKey();
const titled = validated(z.object({ title: z.string() }));

beforeEach(async () => {
  project = createProject({
    'config/app.js': exportDefault(
      `{ key: '${KEY}', env: 'production', http: { bodyLimit: '16kb' } }`,
    ),
    'app/http/kernel.js': exportDefault('{ secureHeaders: true }'),
  });
  app = await createTestApplication({
    basePath: project.path,
    routes: (route) => {
      route.get('/query', ({ query }: Request) => ({
        query,
        admin: ({} as { admin?: unknown }).admin ?? null,
      }));
      route.post('/body', (given: Request) => ({
        body: given.body as unknown,
        admin: ({} as { admin?: unknown }).admin ?? null,
      }));
      route.get('/fault', () => {
        throw new Error(`cannot open ${project.path} with ${KEY}`);
      });
      route.get('/hostile/:kind', (given: Request) => {
        const error = new Error('hostile');
        if (given.param('kind') === 'status') {
          throw Object.assign(error, { status: 404.5, expose: true });
        }
        const refuse = (): never => {
          throw new Error(`not to be had at ${project.path}`);
        };
        if (given.param('kind') === 'proxy') throw new Proxy(error, { get: refuse });
        throw Object.defineProperty(error, 'message', { get: refuse });
      });
      route.get('/sql', () =>
        sql`select secret_column from no_such_table`.execute(app.make(Database)),
      );
      route.post('/titled', (given: Request) => given.valid(titled)).validate(titled);
      route.post('/upload', () => 'ok').upload(upload('file'));
      route.group({ middleware: [startSession, verifyCsrf()] }, (web) => {
        web.post('/change', () => 'changed');
        web.get(
          '/session/:key',
          async (given: Request) => (await given.session.get(given.param('key'))) ?? null,
        );
      });
    },
  });
  server = new HttpServer(app.http().handler);
  port = Number(new URL(await server.start({ host: '127.0.0.1', port: 0 })).port);
});

afterEach(async () => {
  await server.stop(0);
  await app.close();
  project.remove();
});

interface Answer {
  readonly status: number;
  readonly head: string;
  readonly text: string;
}

/** Sends a request as it is written, over a connection of its own. */
async function ask(
  line: string,
  headers: readonly string[] = [],
  body: string | Buffer = '',
): Promise<Answer> {
  const bytes = Buffer.from(body);
  const all = [
    'Host: app.example',
    'Connection: close',
    `Content-Length: ${bytes.length}`,
    ...headers,
  ];
  const sent = Buffer.concat([
    Buffer.from(`${line} HTTP/1.1\r\n${all.join('\r\n')}\r\n\r\n`, 'latin1'),
    bytes,
  ]);
  const answer = await exchange(port, sent);
  const end = answer.indexOf('\r\n\r\n');
  const head = answer.slice(0, end);
  return { status: Number(head.split(' ')[1]), head, text: answer.slice(end + 4) };
}

/** What an answer may never hold: where files lie, stacks, statements, keys. */
function expectNothingTold({ head, text }: Answer): void {
  const all = `${head}\n${text}`;
  for (const secret of [project.path, app.storagePath, KEY, 'secret_column']) {
    expect(all).not.toContain(secret);
  }
  expect(all).not.toMatch(/node_modules|\bat .+:\d+:\d+|\.sqlite|SQLITE_|\.ts\b/);
}

describe('a fault', () => {
  test.each(['/fault', '/sql'])('of %s tells its request id alone', async (path) => {
    for (const accept of ['application/json', 'text/html']) {
      const answer = await ask(`GET ${path}`, [`Accept: ${accept}`]);
      expect(answer.status).toBe(500);
      expectNothingTold(answer);
      const [, id = 'none'] = /X-Request-Id: (.+)/.exec(answer.head) ?? [];
      expect(answer.text).toContain(id);
    }
  });

  test.each(['getter', 'status', 'proxy'])(
    'that breaks its own answer, by its %s, tells nothing, and the next one is answered',
    async (kind) => {
      const answer = await ask(`GET /hostile/${kind}`, ['Accept: text/html']);
      expect(answer.status).toBe(500);
      expectNothingTold(answer);
      expect((await ask('GET /query')).status).toBe(200);
    },
  );

  test('is not brought about by a client that says to want it', async () => {
    const answer = await ask('GET /fault?debug=1', [
      'X-Debug: 1',
      'X-Forwarded-For: 127.0.0.1',
      'Cookie: debug=1',
    ]);
    expectNothingTold(answer);
  });
});

describe('what objects inherit', () => {
  test.each([
    '/query?__proto__[admin]=1',
    '/query?__proto__.admin=1',
    '/query?constructor[prototype][admin]=1',
    '/query?a[__proto__][admin]=1',
    '/query?__proto__=1&__proto__=2',
    '/query?%5f%5fproto%5f%5f%5badmin%5d=1',
  ])('is not changed by %s', async (path) => {
    const { status, text } = await ask(`GET ${path}`);
    expect([status, JSON.parse(text)]).toMatchObject([200, { admin: null }]);
    expect(({} as Record<string, unknown>)['admin']).toBeUndefined();
  });

  test('names in brackets are names, and no objects', async () => {
    const { text } = await ask('GET /query?a[b]=1&c[]=2&c[]=3');
    expect(JSON.parse(text)).toMatchObject({ query: { 'a[b]': '1', 'c[]': ['2', '3'] } });
  });

  test.each([
    ['application/json', '{"constructor":{"prototype":{"admin":1}}}', 200],
    ['application/json', '{"a":{"__proto__":{"admin":1}}}', 400],
    ['application/json', '{"__proto__":null}', 400],
    ['application/x-www-form-urlencoded', 'constructor[prototype][admin]=1', 200],
    ['application/x-www-form-urlencoded', '__proto__[admin]=1', 200],
    ['application/x-www-form-urlencoded', '__proto__=1', 200],
  ])('is not changed by a body of %s: %s', async (type, body, status) => {
    const answer = await ask('POST /body', [`Content-Type: ${type}`], body);
    expect(answer.status).toBe(status);
    if (status === 200) expect(JSON.parse(answer.text)).toMatchObject({ admin: null });
    expect(({} as Record<string, unknown>)['admin']).toBeUndefined();
  });
});

describe('a body that cannot be read is told so', () => {
  test.each<[string, string, string | Buffer, number]>([
    ['too large', 'application/json', `"${'x'.repeat(20_000)}"`, 413],
    ['too large a form', 'application/x-www-form-urlencoded', `a=${'x'.repeat(20_000)}`, 413],
    ['a form of too many fields', 'application/x-www-form-urlencoded', 'a&'.repeat(1500), 413],
    ['deeply nested', 'application/json', '['.repeat(7000) + ']'.repeat(7000), 400],
    ['cut off', 'application/json', '{"title":', 400],
    ['no JSON', 'application/json', 'title=x', 400],
    ['of a charset that nobody knows', 'application/json; charset=nope', '{}', 415],
    [
      'of another type',
      'text/xml',
      '<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><a>&b;</a>',
      422,
    ],
    ['of no type', '', '{"title":"x"}', 422],
    ['of a form with files', 'multipart/form-data; boundary=x', '--x--', 415],
  ])('%s', async (_what, type, body, status) => {
    const answer = await ask('POST /titled', [`Content-Type: ${type}`], body);
    expect(answer.status).toBe(status);
    expectNothingTold(answer);
  });

  test.each(['gzip', 'deflate', 'br', 'nonsense'])(
    'encoded as %s, and is none',
    async (encoding) => {
      const answer = await ask(
        'POST /titled',
        ['Content-Type: application/json', `Content-Encoding: ${encoding}`],
        'not encoded at all',
      );
      expect(answer.status).toBe(encoding === 'nonsense' ? 415 : 400);
      expectNothingTold(answer);
    },
  );
});

describe('headers', () => {
  test('of an answer are no client’s to write', async () => {
    const answer = await ask('GET /nowhere%0d%0aX-Evil:%201', [
      'X-Request-Id: evil',
      'Referer: http://app.example/a%0d%0aX-Evil: 1',
    ]);
    expect(answer.status).toBe(404);
    expect(answer.head).not.toMatch(/evil/i);
  });

  test.each(['app.example/../evil', 'app.example"><script>', 'app.example:port', '[::1', '..'])(
    'a Host %j is neither followed nor shown',
    async (host) => {
      const answer = await exchange(
        port,
        `GET /nowhere HTTP/1.1\r\nHost: ${host}\r\nAccept: text/html\r\nConnection: close\r\n\r\n`,
      );
      expect(answer).toMatch(/^HTTP\/1\.1 4\d\d /);
      expect(answer).not.toContain('evil');
      expect(answer).not.toContain('<script');
    },
  );

  test.each(['app.example, other.example', 'a b@c', 'user@app.example'])(
    'a Host %j is no name of a host',
    async (host) => {
      const sent = `GET /query HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`;
      expect(await exchange(port, sent)).toMatch(/^HTTP\/1\.1 400 /);
    },
  );

  test('two hosts are none', async () => {
    expect((await ask('GET /query', ['host: other.example'])).status).toBe(400);
  });

  test('an address is shown as text', async () => {
    const { status, text } = await ask('GET /<script>alert(1)</script>', ['Accept: text/html']);
    expect(status).toBe(404);
    expect(text).not.toContain('<script>');
  });
});

test('a session has what was put into it, and nothing that objects inherit', async () => {
  for (const key of ['__proto__', 'constructor', 'toString']) {
    const { status, text } = await ask(`GET /session/${key}`);
    expect([status, text]).toEqual([200, 'null']);
  }
});

test('whatever comes, the answer is no fault, tells nothing, and the next one is answered', async () => {
  const odd = fc.constantFrom(
    '%00',
    '%2e%2e%2f',
    '..',
    '//',
    '\\',
    '%',
    '%ff',
    ';',
    '?',
    '#',
    '*',
    ' ',
    "'--",
    '{{7*7}}',
    'query',
    'body',
    'titled',
    'upload',
    'change',
    'session',
  );
  const path = fc
    .array(odd, { maxLength: 6 })
    .map((parts) => `/${parts.join('/').replaceAll(' ', '%20')}`);
  const method = fc.constantFrom(
    'GET',
    'HEAD',
    'POST',
    'PUT',
    'PATCH',
    'DELETE',
    'OPTIONS',
    'TRACE',
    'PROPFIND',
  );
  const header = fc.constantFrom(
    'Content-Type: application/json',
    'Content-Type: application/x-www-form-urlencoded',
    'Content-Type: multipart/form-data; boundary=x',
    'Content-Type: /',
    'Accept: */*;q=x',
    'Accept: text/html',
    'Cookie: a=%; =; "',
    `Cookie: ${'a=b;'.repeat(500)}`,
    'Origin: null',
    'Origin: http://[',
    'Referer: ::',
    'Sec-Fetch-Site: same-origin',
    'X-CSRF-Token: x',
    'Authorization: Basic %',
    'If-None-Match: *',
    'Range: bytes=-',
    'X-HTTP-Method-Override: DELETE',
    'Expect: nothing',
  );
  const body = fc.oneof(
    fc.json(),
    fc.string(),
    fc.constantFrom('--x\r\n\r\n--x--', '{"__proto__":1}', '[', '\0'),
  );
  await fc.assert(
    fc.asyncProperty(
      method,
      path,
      fc.array(header, { maxLength: 4 }),
      body,
      async (verb, place, headers, content) => {
        const answer = await ask(`${verb} ${place}`, headers, content);
        expect(answer.status).toBeGreaterThanOrEqual(200);
        expect(answer.status).toBeLessThan(500);
        expectNothingTold(answer);
      },
    ),
    { numRuns: 200 },
  );
  expect((await ask('GET /query')).status).toBe(200);
});

test('no secret is compared in a way whose time tells how much of it was right', () => {
  const src = join(__dirname, '../../src');
  const found = readdirSync(src, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts') && !file.startsWith('testing/'))
    .flatMap((file) => leakyComparisons(file, readFileSync(join(src, file), 'utf8')));
  expect(found).toEqual([]);
  expect(leakyComparisons('x.ts', 'if (given.token !== this.#signature) refuse();')).toHaveLength(
    1,
  );
});

const SECRETS = '(?:signature|token|secret|digest|hmac|password)';
const SECRET = new RegExp(`${SECRETS}$`, 'i');
/** Most files name none, and need not be parsed. */
const NAMES_SECRET = new RegExp(`${SECRETS}\\b`, 'i');
const EQUALITY = [
  ts.SyntaxKind.EqualsEqualsEqualsToken,
  ts.SyntaxKind.ExclamationEqualsEqualsToken,
];

/** Comparisons of a secret with something else than a literal, `undefined` or its type. */
function leakyComparisons(file: string, text: string): string[] {
  const found: string[] = [];
  if (!/[!=]==/.test(text) || !NAMES_SECRET.test(text)) return found;
  const source = ts.createSourceFile(file, text, ts.ScriptTarget.ES2022);
  const visit = (node: ts.Node): void => {
    if (ts.isBinaryExpression(node) && EQUALITY.includes(node.operatorToken.kind)) {
      const sides = [node.left, node.right];
      const isLiteral = sides.some(
        (side) => ts.isLiteralExpression(side) || side.getText(source) === 'undefined',
      );
      const isSecret = sides.some(
        (side) => !ts.isTypeOfExpression(side) && SECRET.test(side.getText(source)),
      );
      if (isSecret && !isLiteral) found.push(`${file}: ${node.getText(source)}`);
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return found;
}
