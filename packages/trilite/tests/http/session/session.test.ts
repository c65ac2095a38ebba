import { sql } from 'kysely';
import { Database, type RouteFile } from 'trilite';
import { gate } from '../../helpers/gate';
import { app, basics, rows, server, useSessions, visit } from '../../helpers/session-site';
import { Visitor } from '../../helpers/visitor';

useSessions();

describe('values', () => {
  test('are there in the next request of the same visitor, and in no other’s', async () => {
    const ada = await visit(basics);
    await ada.post('/put', { name: 'Ada', list: [1, { a: null }] }).expect(204);
    await ada.get('/all').expect(200, { name: 'Ada', list: [1, { a: null }] });
    await new Visitor(server).get('/all').expect(200, {});
  });

  test('come back as they went in: dates, maps, undefined, whatever text the key is', async () => {
    const seen: unknown[] = [];
    const ada = await visit((route) => {
      route.post('/', ({ session }) => {
        session.put('when', new Date(7));
        session.put('map', new Map([[1, new Set([2n])]]));
        session.put('nothing', undefined);
        session.put('__proto__', { polluted: true });
        session.put('constructor', 'c');
      });
      route.get('/', async ({ session }) => {
        seen.push(
          await session.get('when'),
          await session.get('map'),
          await session.has('nothing'),
        );
        seen.push(await session.get('__proto__'), await session.get('constructor'));
        seen.push(await session.get('toString'), await session.has('hasOwnProperty'));
        seen.push(Object.keys(await session.all()), ({} as { polluted?: unknown }).polluted);
      });
    });
    await ada.post('/').expect(204);
    await ada.get('/').expect(204);
    expect(seen).toEqual([
      new Date(7),
      new Map([[1, new Set([2n])]]),
      true,
      { polluted: true },
      'c',
      undefined,
      false,
      ['when', 'map', 'nothing', '__proto__', 'constructor'],
      undefined,
    ]);
  });

  test('are seen by the request that changes them, at once', async () => {
    const ada = await visit((route) => {
      route.post('/', async ({ session }) => {
        session.put('a', 1);
        session.put('b', 2);
        const pulled = await session.pull('a');
        const again = await session.pull('a', 'gone');
        return {
          pulled,
          again,
          sum: await session.increment('b', 5),
          first: await session.increment('c'),
          has: await session.has('a'),
          all: await session.all(),
        };
      });
    });
    const answer = { pulled: 1, again: 'gone', sum: 7, first: 1, has: false, all: { b: 7, c: 1 } };
    await ada.post('/').expect(200, answer);
  });

  test('are forgotten one by one, or all at once', async () => {
    const ada = await visit((route) => {
      basics(route);
      route.post('/flush', ({ session }) => {
        session.flush();
        session.put('c', 3);
      });
    });
    await ada.post('/put', { a: 1, b: 2 });
    await ada.post('/forget/a');
    await ada.get('/all').expect({ b: 2 });
    await ada.post('/flush');
    await ada.get('/all').expect({ c: 3 });
  });

  test('that cannot be stored are refused where they are put', async () => {
    const ada = await visit((route) => {
      route.post('/', ({ session }) => {
        try {
          session.put('user', new (class User {})());
          return 'put';
        } catch (error) {
          return (error as { code: string }).code;
        }
      });
      route.post('/increment', async ({ session }) => {
        session.put('name', 'Ada');
        await session.increment('name');
      });
    });
    await ada.post('/').expect(200, 'E_VALUE_NOT_SERIALIZABLE');
    await ada.post('/increment').expect(500);
  });
});

describe('when it is written', () => {
  const moments: RouteFile = (route) => {
    basics(route);
    route.get('/late', async ({ session }, response) => {
      session.put('early', 1);
      response.write('begun ');
      await new Promise<void>((resolve) => response.once('drain', resolve));
      try {
        session.put('late', 1);
      } catch (error) {
        response.write((error as { code: string }).code);
      }
      response.end();
    });
    route.post('/undone', async ({ session }, response) => {
      session.put('kept', 1);
      await app.make(Database).transaction(async () => {
        response.json({});
        throw new Error('undone');
      });
    });
    route.post('/fail', ({ session }) => {
      session.flash('error', 'wrong');
      throw new Error('on purpose');
    });
    route.get('/public', async ({ session }, response) => {
      response.setHeader('Cache-Control', 'public, max-age=60');
      return session.all();
    });
  };

  test('a request that does not use it does not read it', async () => {
    const ada = await visit(moments);
    await ada.post('/put', { a: 1 });
    await sql`drop table sessions`.execute(app.make(Database));
    await ada.get('/none').expect(200, 'nothing');
    jest.spyOn(app.logger, 'error').mockImplementation(() => undefined);
    await ada.get('/all').expect(500);
  });

  test('what is put before the headers leave is kept; afterwards nothing is taken', async () => {
    const ada = await visit(moments);
    await ada.get('/late').expect(200, 'begun E_SESSION_CLOSED');
    await ada.get('/all').expect({ early: 1 });
  });

  test('it is written when the request fails, too', async () => {
    const ada = await visit(moments);
    jest.spyOn(app.logger, 'error').mockImplementation(() => undefined);
    await ada.post('/fail').expect(500);
    await ada.get('/all').expect({ error: 'wrong' });
  });

  test('it is no part of a transaction that the request is answered in', async () => {
    const ada = await visit(moments);
    const logged = jest.spyOn(app.logger, 'error').mockImplementation(() => undefined);
    await ada.post('/undone');
    expect(logged).toHaveBeenCalled();
    await ada.get('/all').expect({ kept: 1 });
  });

  test('no cache keeps an answer that used it, unless the answer says so itself', async () => {
    const ada = await visit(moments);
    await ada.get('/all').expect('Cache-Control', 'private, no-cache');
    await ada.get('/public').expect('Cache-Control', 'public, max-age=60');
    expect((await ada.get('/none')).headers).not.toHaveProperty('cache-control');
  });
});

describe('ids', () => {
  test('one that the client made up is never taken over', async () => {
    const ada = await visit(basics);
    ada.cookies.set('trilite_session', 'a'.repeat(43));
    await ada.post('/put', { a: 1 }).expect(204);
    expect(ada.cookies.get('trilite_session')).not.toBe('a'.repeat(43));
    const other = new Visitor(server);
    other.cookies.set('trilite_session', 'a'.repeat(43));
    await other.get('/all').expect({});
  });

  test('a true one whose session has ended is not taken over either', async () => {
    const mallory = await visit(basics);
    await mallory.post('/put', { a: 1 });
    const fixed = mallory.copy();
    await mallory.post('/logout');
    const victim = fixed.copy();
    await victim.post('/put', { secret: 1 }).expect(204);
    await victim.get('/all').expect({ secret: 1 });
    await fixed.get('/all').expect({});
  });

  test('with a new id the old one is worth nothing, and the values stay', async () => {
    const victim = await visit(basics);
    await victim.post('/put', { cart: 'book' });
    const mallory = victim.copy();
    await victim.post('/login').expect(204);
    await victim.get('/all').expect({ cart: 'book', user: 'ada' });
    await mallory.get('/all').expect({});
    expect(await rows()).toHaveLength(1);
  });

  test('the old id is worth nothing before the request that changed it is answered', async () => {
    const [regenerated, go] = [gate(), gate()];
    const victim = await visit((route) => {
      basics(route);
      route.post('/slow-login', async ({ session }) => {
        await session.regenerate();
        session.put('user', 'ada');
        regenerated.open();
        await go.opened;
      });
    });
    await victim.post('/put', { cart: 'book' });
    const mallory = victim.copy();
    const login = victim.post('/slow-login').then((answer) => answer.status);
    await regenerated.opened;
    await mallory.get('/all').expect({});
    go.open();
    expect(await login).toBe(204);
    await victim.get('/all').expect({ cart: 'book', user: 'ada' });
  });

  test('an ended session is gone with all that was in it, and a new one begins empty', async () => {
    const ada = await visit((route) => {
      basics(route);
      route.post('/leave', async ({ session }) => {
        session.put('a', 2);
        await session.invalidate();
        session.flash('status', 'Goodbye');
      });
    });
    await ada.post('/put', { a: 1 });
    const before = ada.copy();
    await ada.post('/leave');
    await ada.get('/all').expect({ status: 'Goodbye' });
    await before.get('/all').expect({});
    await ada.post('/logout');
    expect(ada.cookies.size).toBe(0);
    expect(await rows()).toHaveLength(0);
  });

  test('the token changes with the id, and with nothing else', async () => {
    const ada = await visit(basics);
    const { text: first } = await ada.get('/token').expect(200);
    await ada.get('/token').expect(200, first);
    await ada.post('/login');
    const { text: second } = await ada.get('/token');
    expect(second).not.toBe(first);
    await ada.post('/logout');
    expect([first, second]).not.toContain((await ada.get('/token')).text);
  });
});

describe('where no session is started', () => {
  test('its use says what to add', async () => {
    const ada = await visit(basics, '{}', []);
    await ada.get('/none').expect(200);
    const seen = jest.spyOn(app.logger, 'error').mockImplementation(() => undefined);
    await ada.get('/all').expect(500);
    expect(seen.mock.calls[0]?.[0]).toMatchObject({
      err: { code: 'E_SESSION_MISSING', help: expect.stringContaining('startSession') as string },
    });
  });
});
