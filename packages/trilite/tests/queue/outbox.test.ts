import { AsyncResource } from 'node:async_hooks';
import { job, type JobHandle } from 'trilite';
import { travel, travelTo } from 'trilite/testing';
import { errorWith } from '../helpers/errors';
import { gate } from '../helpers/gate';
import {
  app,
  db,
  dispatch,
  holdRelays,
  Note,
  notes,
  ran,
  rolledBack,
  rowsInOutbox,
  runAll,
  Single,
  Undone,
  useOutbox,
  write,
} from '../helpers/outbox';

/* Dispatches in transactions: data in one file, the queue in another. */

const NOW = Date.UTC(2026, 0, 1);

useOutbox();

describe('a dispatch in a transaction', () => {
  test('runs when that is committed', async () => {
    const handle = await db.transaction(async (trx) => {
      await write(trx, 'a');
      return dispatch('a');
    });
    expect(handle.outcome).toBe('pending');
    expect(await runAll()).toEqual(['a']);
    expect(await handle.status()).toMatchObject({ state: 'done' });
  });

  test('never was when that is rolled back', async () => {
    let handle: JobHandle | undefined;
    await rolledBack(async (trx) => {
      await write(trx, 'a');
      handle = await dispatch('a');
    });
    expect(await notes()).toEqual([]);
    expect(await rowsInOutbox()).toBe(0);
    expect(await handle?.status()).toBeUndefined();
    expect(await runAll()).toEqual([]);
  });

  test('goes with the savepoint it was made in', async () => {
    await db.transaction(async (trx) => {
      await dispatch('before');
      await expect(
        trx.transaction(async (inner) => {
          await write(inner, 'undone');
          await dispatch('undone');
          throw new Undone();
        }),
      ).rejects.toThrow(Undone);
      await trx.transaction(async (inner) => {
        await write(inner, 'kept');
        await dispatch('kept');
      });
      await dispatch('after');
    });
    expect(await notes()).toEqual(['kept']);
    expect(await runAll()).toEqual(['before', 'kept', 'after']);
  });

  test('of a savepoint that was kept goes with the transaction', async () => {
    await rolledBack(async (trx) => {
      await trx.transaction(() => dispatch('kept at first'));
    });
    expect(await runAll()).toEqual([]);
  });

  test('belongs to the innermost transaction', async () => {
    await rolledBack(async () => {
      await app.database('queue').transaction(() => dispatch('of the queue'));
      await dispatch('of the data');
    });
    expect(await runAll()).toEqual(['of the queue']);
  });

  test('that is refused leaves the transaction as it was', async () => {
    await db.transaction(async (trx) => {
      await write(trx, 'a');
      await expect(dispatch(Symbol('no'))).rejects.toThrow(errorWith('E_VALUE_NOT_SERIALIZABLE'));
      await dispatch('a');
    });
    expect([await notes(), await runAll()]).toEqual([['a'], ['a']]);
  });

  test('is told of as what lies in an outbox', async () => {
    const kinds: string[] = [];
    app.queues.events.listen(({ kind }) => kinds.push(kind));
    await db.transaction(() => dispatch('a'));
    expect(kinds).toEqual(['outboxed']);
  });

  test('keeps the order of many', async () => {
    await Promise.all(
      Array.from({ length: 30 }, (_, index) => db.transaction(() => dispatch(index))),
    );
    expect(await runAll()).toEqual(Array.from({ length: 30 }, (_, index) => index));
  });

  test('counts its delay from the dispatch', async () => {
    travelTo(NOW);
    const handle = await db.transaction(async () => {
      const dispatched = await dispatch('a', { delay: '5s' });
      travel('3s');
      return dispatched;
    });
    await app.queues.outbox.flush();
    expect(await handle.status()).toMatchObject({ createdAt: NOW, availableAt: NOW + 5000 });
  });

  test('is one with its chain, its batch, or the others of its bulk', async () => {
    const release = holdRelays();
    const many = [job(Note, 1), job(Note, 2)];
    await db.transaction(async () => {
      const queue = app.queue();
      await queue.chain(many);
      await queue.bulk(many);
      await queue.batch(many, { then: job(Note, 'then') });
    });
    expect(await rowsInOutbox()).toBe(3);
    await release();
    expect(await runAll()).toEqual([1, 1, 2, 1, 2, 2, 'then']);
  });

  test('judges unique keys when it is relayed', async () => {
    const release = holdRelays();
    const single = (): Promise<JobHandle> => app.queue().dispatch(Single, 'single');
    const handles = [await db.transaction(single), await db.transaction(single)];
    expect(handles.map(({ outcome }) => outcome)).toEqual(['pending', 'pending']);
    await release();
    expect(await runAll()).toEqual(['single']);
    expect(await handles[0]?.status()).toMatchObject({ state: 'done' });
    expect(await handles[1]?.status()).toBeUndefined();
  });
});

describe('within', () => {
  test('a transaction puts a dispatch of another context into it', async () => {
    const elsewhere = AsyncResource.bind((payload: unknown, options: object) =>
      dispatch(payload, options),
    );
    await rolledBack(async (trx) => {
      await elsewhere('with it', { within: trx });
      await elsewhere('beside it', {});
    });
    await db.transaction((trx) => elsewhere('committed', { within: trx }));
    expect(await runAll()).toEqual(['beside it', 'committed']);
  });

  test('the outer transaction keeps a dispatch that the inner one would undo', async () => {
    await db.transaction(async (trx) => {
      const inner = trx.transaction(async () => {
        await dispatch('inner');
        throw new Undone();
      });
      await expect(inner).rejects.toThrow(Undone);
      await dispatch('outer', { within: trx });
    });
    expect(await runAll()).toEqual(['outer']);
  });

  test('false dispatches at once, whatever becomes of the transaction', async () => {
    await rolledBack(async () => {
      const handle = await dispatch('at once', { within: false });
      expect(handle.outcome).toBe('stored');
      expect(await handle.status()).toMatchObject({ state: 'waiting' });
    });
    expect(await runAll()).toEqual(['at once']);
  });

  test('is for bulk, chain and batch as well', async () => {
    await rolledBack(async () => {
      const one = [job(Note, 'at once')];
      await app.queue().bulk(one, { within: false });
      await app.queue().chain(one, { within: false });
      await app.queue().batch(one, { within: false });
    });
    expect(await runAll()).toHaveLength(3);
  });

  test('a transaction that has ended is refused', async () => {
    const ended = await db.transaction(async (trx) => trx);
    await expect(dispatch('late', { within: ended })).rejects.toThrow(
      errorWith('E_OUTBOX', '"default" that has ended'),
    );
  });
});

describe('the handle of a dispatch in a transaction', () => {
  test('says that it is pending, until it is relayed', async () => {
    const release = holdRelays();
    const handle = await db.transaction(async () => {
      const inside = await dispatch('a', { queue: 'mail', priority: 3 });
      expect(await inside.status()).toMatchObject({ state: 'pending' });
      return inside;
    });
    expect(await handle.status()).toMatchObject({
      id: handle.id,
      queue: 'mail',
      job: 'Note',
      payload: '"a"',
      state: 'pending',
      priority: 3,
      attempts: 0,
    });
    expect(await app.queue().find(handle.id)).toMatchObject({ state: 'pending' });
    await release();
    expect(await handle.status()).toMatchObject({ state: 'waiting' });
  });

  test('knows of nothing elsewhere before the commit', async () => {
    const find = AsyncResource.bind((id: string) => app.queue().find(id));
    await db.transaction(async () => {
      const { id } = await dispatch('a');
      expect(await find(id)).toBeUndefined();
    });
  });

  test('relays what it is to cancel', async () => {
    const store = app.queues.store();
    const held = jest.spyOn(store, 'relay').mockRejectedValueOnce(new Error('held'));
    const handle = await db.transaction(() => dispatch('a'));
    await app.queues.outbox.flush();
    expect(held).toHaveBeenCalledTimes(1);
    expect(await app.queue().cancel(handle.id)).toBe('cancelled');
    expect(await handle.status()).toMatchObject({ state: 'cancelled' });
  });

  test('refuses to cancel from inside the transaction: roll it back instead', async () => {
    const refused = errorWith('E_JOB_WAIT', 'nor cancel it');
    await db.transaction(async (trx) => {
      const handle = await dispatch('outer');
      await expect(handle.cancel()).rejects.toThrow(refused);
      const inner = await trx.transaction(() => dispatch('inner'));
      await expect(inner.cancel()).rejects.toThrow(refused);
      await expect(app.queue().cancel(inner.id)).rejects.toThrow(refused);
      expect(await app.queue().cancel('nobody')).toBeUndefined();
    });
    expect(await runAll()).toEqual(['outer', 'inner']);
  });

  test('refuses to wait while the transaction is open, and waits after it', async () => {
    const refused = errorWith('E_JOB_WAIT', 'one that is still open');
    const handle = await db.transaction(async (trx) => {
      const outer = await dispatch('outer');
      await expect(outer.wait()).rejects.toThrow(refused);
      const inner = await trx.transaction(async () => {
        const dispatched = await dispatch('inner');
        await expect(dispatched.wait()).rejects.toThrow(refused);
        return dispatched;
      });
      await expect(inner.wait({ timeout: '1ms' })).rejects.toThrow(refused);
      return inner;
    });
    const waited = handle.wait();
    await runAll();
    expect(await waited).toMatchObject({ state: 'done' });
  });
});

describe('a dispatch that nobody awaited', () => {
  test('is refused after the end of its transaction', async () => {
    const ended = gate();
    let late: Promise<unknown> | undefined;
    await db.transaction(async () => {
      late = ended.opened.then(() => dispatch('late'));
      late.catch(() => undefined);
    });
    ended.open();
    await expect(late).rejects.toThrow(errorWith('E_OUTBOX', 'has ended'));
    expect(await runAll()).toEqual([]);
  });

  test.each(['beside', 'memory', 'null', 'sync'])(
    'is refused for the connection "%s" as well',
    async (name) => {
      const ended = gate();
      let late: Promise<unknown> | undefined;
      await db.transaction(async () => {
        late = ended.opened.then(() => app.queue(name).dispatch(Note, 'late'));
        late.catch(() => undefined);
      });
      ended.open();
      await expect(late).rejects.toThrow();
      expect(ran).toEqual([]);
    },
  );
});
