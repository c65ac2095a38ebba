import { Sessions, type RouteFile } from 'trilite';
import { travel, travelTo } from 'trilite/testing';
import { app, basics, row, rows, server, useSessions, visit } from '../../helpers/session-site';
import { Visitor } from '../../helpers/visitor';

useSessions();

describe('flash', () => {
  const flashes: RouteFile = (route) => {
    basics(route);
    route.post('/flash', ({ session }) => session.flash('status', 'saved'));
    route.get('/now', ({ session }) => {
      session.now('status', 'now');
      return session.all();
    });
    route.get('/reflash', ({ session }) => session.reflash());
    route.get('/keep', ({ session }) => session.keep('other', 'status'));
    route.post('/twice', ({ session }) => {
      session.flash('a', 1);
      session.flash('b', 2);
    });
    route.get('/keep-a', ({ session }) => session.keep('a'));
    route.get('/put', async ({ session }) => session.put('status', await session.get('status')));
  };

  test('is there in the next request, and gone in the one after', async () => {
    const ada = await visit(flashes);
    await ada.post('/flash');
    await ada.get('/all').expect({ status: 'saved' });
    await ada.get('/all').expect({});
    expect(String((await row())['payload'])).not.toContain('saved');
  });

  test('waits for the next request that uses the session', async () => {
    const ada = await visit(flashes);
    await ada.post('/flash');
    await ada.get('/none').expect(200);
    await ada.get('/all').expect({ status: 'saved' });
  });

  test('for now is there in this request alone', async () => {
    const ada = await visit(flashes);
    await ada.get('/now').expect({ status: 'now' });
    await ada.get('/all').expect({});
  });

  test('is kept for one more request, all of it or some', async () => {
    const ada = await visit(flashes);
    await ada.post('/flash');
    await ada.get('/reflash');
    await ada.get('/keep');
    await ada.get('/all').expect({ status: 'saved' });
    await ada.get('/all').expect({});
    await ada.post('/twice');
    await ada.get('/keep-a');
    await ada.get('/all').expect({ a: 1 });
  });

  test('that is put stays', async () => {
    const ada = await visit(flashes);
    await ada.post('/flash');
    await ada.get('/put');
    await ada.get('/all');
    await ada.get('/all').expect({ status: 'saved' });
  });

  test('old input is there for one request, without passwords and the token', async () => {
    const seen: unknown[] = [];
    const ada = await visit((route) => {
      basics(route);
      route.post('/form', ({ session, body }) => session.flashInput(body, { except: ['card'] }));
      route.get('/form', async ({ session }) => {
        seen.push(await session.old('email'), await session.old('name', 'nobody'));
        seen.push(await session.old('__proto__'), await session.old('age'));
      });
    });
    await ada.post('/form', {
      email: 'ada@example.test',
      password: 'secret-1',
      password_confirmation: 'secret-1',
      currentPassword: 'secret-2',
      confirm_password: 'secret-1',
      password2: 'secret-1',
      'user[password]': 'secret-1',
      passwd: 'secret-1',
      _token: 'secret-3',
      card: 'secret-4',
      age: 7,
    });
    expect(String((await row())['payload'])).not.toContain('secret');
    await ada.get('/form');
    expect(seen).toEqual(['ada@example.test', 'nobody', '', 7]);
    await ada.get('/all').expect({});
  });
});

describe('how long it lives', () => {
  test('a visitor who changes nothing gets no cookie, and no row', async () => {
    const ada = await visit(basics);
    const answer = await ada.get('/all').expect(200);
    expect(answer.headers).not.toHaveProperty('set-cookie');
    await ada.post('/forget/x').expect(204);
    expect(await rows()).toEqual([]);
  });

  test('it ends two hours after its last use', async () => {
    travelTo(Date.UTC(2026, 0, 1));
    const ada = await visit(basics);
    await ada.post('/put', { a: 1 });
    travel('119m');
    await ada.get('/all').expect({ a: 1 });
    travel('119m');
    await ada.get('/all').expect({ a: 1 });
    travel('2h');
    await ada.get('/all').expect({});
  });

  test('one of a minute lives for as long as it is used', async () => {
    travelTo(Date.UTC(2026, 0, 1));
    const ada = await visit(basics, "{ lifetime: '1m' }");
    await ada.post('/put', { a: 1 });
    for (const pause of ['50s', '50s', '50s']) {
      travel(pause);
      await ada.get('/all').expect({ a: 1 });
    }
    travel('1m');
    await ada.get('/all').expect({});
  });

  test('it is noted once a minute at most that it is in use, in the file and in the browser', async () => {
    travelTo(Date.UTC(2026, 0, 1));
    const ada = await visit(basics);
    await ada.post('/put', { a: 1 });
    const before = await row();
    travel('59s');
    expect((await ada.get('/all')).headers).not.toHaveProperty('set-cookie');
    expect(await row()).toEqual(before);
    expect((await ada.post('/put', { a: 2 })).headers).not.toHaveProperty('set-cookie');
    travel('1s');
    expect((await ada.get('/all')).headers).toHaveProperty('set-cookie');
    expect((await row())['expires_at']).toBe(Date.UTC(2026, 0, 1) + 60_000 + 7_200_000);
  });

  test('it ends after its longest life, however often it is used; a new id begins a new life', async () => {
    travelTo(Date.UTC(2026, 0, 1));
    const ada = await visit(basics, "{ lifetime: '2h', maxLifetime: '3h' }");
    await ada.post('/put', { a: 1 });
    travel('100m');
    await ada.get('/all').expect({ a: 1 });
    travel('79m');
    await ada.get('/all').expect({ a: 1 });
    await ada.post('/login');
    travel('1m');
    await ada.get('/all').expect({ a: 1, user: 'ada' });
    travel('179m');
    await ada.get('/all').expect({});
  });

  test('the cookie lasts as long, or until the browser is closed', async () => {
    const ada = await visit(basics, "{ expireOnClose: true, cookie: 'sid' }");
    const answer = await ada.post('/put', { a: 1 });
    const [line] = answer.headers['set-cookie'] as unknown as string[];
    expect(line).toMatch(/^sid=[\w-]+; Path=\/; HttpOnly; SameSite=Lax$/);
  });

  test('over HTTPS the cookie is bound to its host', async () => {
    const ada = await visit(basics, '{ secure: true }');
    await ada.post('/put', { a: 1 });
    expect([...ada.cookies.keys()]).toEqual(['__Host-trilite_session']);
    await ada.get('/all').expect({ a: 1 });
  });

  test('what has ended is removed by new sessions, and by session:prune', async () => {
    travelTo(Date.UTC(2026, 0, 1));
    await visit(basics);
    for (let count = 0; count < 6; count += 1) await new Visitor(server).post('/put', { a: 1 });
    travel('3h');
    await new Visitor(server).post('/put', { a: 1 });
    expect(await rows()).toHaveLength(5);
    expect(await app.make(Sessions).prune()).toBe(4);
    expect(await rows()).toHaveLength(1);
  });
});

describe('who has the file', () => {
  test('finds nothing in it that a browser could send', async () => {
    const ada = await visit(basics);
    await ada.post('/put', { a: 1 });
    const { key } = await row();
    const thief = new Visitor(server);
    for (const name of ada.cookies.keys()) thief.cookies.set(name, String(key));
    await thief.get('/all').expect({});
    expect(JSON.stringify(await row())).not.toContain([...ada.cookies.values()][0]);
  });
});
