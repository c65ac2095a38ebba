import fc from 'fast-check';
import {
  answer,
  back,
  localPath,
  redirect,
  redirectAway,
  redirectToRoute,
  startSession,
} from 'trilite';
import { errorWith } from '../../helpers/errors';
import { anyText } from '../../helpers/values';
import { serve, useAnswers } from '../../helpers/answer-site';
import { openTenantSite } from '../../helpers/tenant-site';
import { Visitor } from '../../helpers/visitor';
import { createServer } from 'node:http';

useAnswers();

const ELSEWHERE = [
  '//evil.example',
  '///evil.example',
  '/\\evil.example',
  '\\\\evil.example',
  '/\t/evil.example',
  '/\n/evil.example',
  '/reports\r\nSet-Cookie: a=b',
  '\t//evil.example',
  ' //evil.example',
  'https://evil.example',
  'https:evil.example',
  'javascript:alert(1)',
  'data:text/html,x',
  'evil.example',
  '@evil.example',
  '/reports\\..\\x',
  '/a\u0000b',
  '/a\u007fb',
  '?page=2',
  '#top',
  '',
  undefined,
  null,
  7,
  ['/reports'],
];

test.each(ELSEWHERE)('%j is no path of this site', (target) => {
  expect(() => redirect(target as string)).toThrow(errorWith('E_REDIRECT_REFUSED'));
  if (target !== undefined) {
    expect(() => back(target as string)).toThrow(errorWith('E_REDIRECT_REFUSED'));
  }
  expect(localPath(target, '/home')).toBe('/home');
});

test('whatever is let through, a browser stays on this site', () => {
  const piece = fc.constantFrom(
    '/',
    '\\',
    '\t',
    '\n',
    '.',
    '..',
    ':',
    '@',
    '?',
    '#',
    '%2f',
    'evil.example',
    'https:',
    ' ',
  );
  const text = fc.oneof(
    fc.array(piece, { maxLength: 8 }).map((pieces) => pieces.join('')),
    fc.array(piece, { maxLength: 8 }).map((pieces) => `/${pieces.join('')}`),
    anyText.map((rest) => `/${rest}`),
  );
  fc.assert(
    fc.property(text, (target) => {
      const path = localPath(target, '/');
      expect(new URL(path, 'https://here.example/a/b').origin).toBe('https://here.example');
      expect(new URL(path, 'https://here.example/a/b').username).toBe('');
    }),
    { numRuns: 1000 },
  );
});

test('a redirect answers 302, and 303 where a browser is to go on with a GET', async () => {
  const { client } = await serve((route) => {
    route.any('/go', () => redirect('/reports?page=2#rows'));
    route.any('/forever', () => redirect('/reports').permanently());
    route.any('/repeat', () => redirect('/reports').status(307));
    route.get('/umlaut', () => redirect('/berichte/für'));
  });
  await client.get('/go').expect(302).expect('Location', '/reports?page=2#rows');
  await client.head('/go').expect(302).expect('Location', '/reports?page=2#rows');
  for (const method of ['post', 'put', 'patch', 'delete'] as const) {
    await client[method]('/go').expect(303).expect('Location', '/reports?page=2#rows');
  }
  await client.post('/forever').expect(301);
  await client.post('/repeat').expect(307);
  await client.get('/umlaut').expect('Location', '/berichte/f%C3%BCr');
});

test('a redirect is a value: what is made of it leaves it as it was', async () => {
  const home = redirect('/home');
  home.permanently();
  const { client } = await serve((route) => {
    route.get('/go', () => home);
  });
  await client.get('/go').expect(302);
});

test('a redirect to a route fills in its parameters, and knows no others', async () => {
  const { client } = await serve((route) => {
    route.get('/reports/:id', () => 'report').name('reports.show');
    route.post('/go', () => redirectToRoute('reports.show', { id: '../x y', tab: 'a' }));
    route.get('/nowhere', () => redirectToRoute('none'));
  });
  await client.post('/go').expect(303).expect('Location', '/reports/..%2Fx%20y?tab=a');
  await client.get('/nowhere').expect(500);
});

test('in the work of a tenant a route is below its path', async () => {
  const site = await openTenantSite({
    identification: `{ chain: ['path'] }`,
    tenantRoutes: (route) => {
      route.get('/home', () => 'home').name('tenant.home');
      route.post('/go', () => redirectToRoute('tenant.home'));
    },
    tenants: ['acme'],
  });
  try {
    const { status, headers } = await site.ask({ method: 'POST', path: '/t/acme/go' });
    expect([status, headers['location']]).toEqual([303, '/t/acme/home']);
  } finally {
    await site.close();
  }
});

test('back leads to the page the request came from, and to no other site', async () => {
  const { client } = await serve((route) => {
    route.post('/save', () => back('/form'));
  });
  const from = (referer: string) =>
    client.post('/save').set('Host', 'here.example').set('Referer', referer).expect(303);
  await from('http://here.example/edit?id=7').expect('Location', '/edit?id=7');
  await from('http://here.example//evil.example').expect('Location', '/evil.example');
  await from('http://evil.example/edit').expect('Location', '/form');
  await from('nonsense').expect('Location', '/form');
  await from('javascript://here.example').expect('Location', '/form');
  await from('ftp://here.example/edit').expect('Location', '/form');
  await client.post('/save').expect('Location', '/form');
});

test('another site is led to on purpose alone', async () => {
  const { client } = await serve((route) => {
    route.get('/pay', () => redirectAway('https://pay.example/cart?id=7'));
  });
  await client.get('/pay').expect(302).expect('Location', 'https://pay.example/cart?id=7');
  for (const address of ['/local', 'javascript:alert(1)', 'ftp://x.example', '//x.example', '']) {
    expect(() => redirectAway(address)).toThrow(errorWith('E_ANSWER_INVALID'));
  }
  expect(redirectAway('https://pay.example/\r\nSet-Cookie: a=b')).toBeDefined();
});

test('a redirect takes messages, what was typed and what is wrong with it along', async () => {
  const { app } = await serve(
    (route) => {
      route.post('/save', () =>
        redirect('/form')
          .with('status', 'Not kept.')
          .withInput()
          .withErrors({ name: 'Too short.', mail: ['Missing.', 'Wrong.'] }),
      );
      route.post('/own', () =>
        redirect('/form').withInput({ name: 'Grace' }, { except: ['mail'] }),
      );
      route.get('/form', async ({ session }) => ({
        status: await session.get('status'),
        name: await session.old('name'),
        password: await session.old('password'),
        errors: await session.errors(),
      }));
    },
    [startSession],
  );
  const server = createServer(app.http().handler);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  try {
    const visitor = new Visitor(server);
    await visitor.post('/save', { name: 'A', password: 'secret' }).expect(303);
    await visitor.get('/form').expect({
      status: 'Not kept.',
      name: 'A',
      password: '',
      errors: { name: ['Too short.'], mail: ['Missing.', 'Wrong.'] },
    });
    await visitor.get('/form').expect({ name: '', password: '', errors: {} });
    await visitor.post('/own').expect(303);
    await visitor.get('/form').expect(({ body }) => expect(body.name).toBe('Grace'));
  } finally {
    await new Promise((resolve) => {
      server.close(resolve);
      server.closeAllConnections();
    });
  }
});

test('a message for a route without a session is an error', async () => {
  const { client } = await serve((route) => {
    route.get('/go', () => redirect('/form').with('status', 'Kept.'));
    route.get('/plain', () => answer(redirect('/form')).header('X-Own', 'yes'));
  });
  await client.get('/go').expect(500);
  await client.get('/plain').expect(302).expect('X-Own', 'yes');
});
