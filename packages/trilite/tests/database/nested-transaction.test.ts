import type { Database } from '../../src/database/database';
import { DatabaseBusyError } from '../../src/database/errors';
import { gate } from '../helpers/gate';
import { createNotes, type Notes } from '../helpers/notes';

let notes: Notes;
let db: Database;

beforeEach(async () => {
  notes = await createNotes();
  db = notes.db;
});

afterEach(() => notes.close());

const add = (text: string, on: Pick<Database, 'insertInto'> = db) =>
  on.insertInto('notes').values({ text }).execute();

describe('a nested transaction', () => {
  test('is undone alone when it throws', async () => {
    await db.transaction(async (trx) => {
      await add('outer', trx);
      const nested = trx.transaction(async (inner) => {
        await add('inner', inner);
        throw new Error('no');
      });
      await expect(nested).rejects.toThrow('no');
      await add('after', trx);
    });
    expect(await notes.texts()).toEqual(['outer', 'after']);
  });

  test('and afterCommit know the transaction of a query builder with plugins, too', async () => {
    const seen: string[] = [];
    const plain = db.withoutPlugins().withSchema('main');
    const outer = plain.transaction(async (trx) => {
      await db.afterCommit(() => void seen.push('never'));
      await db.transaction((inner) => add('inner', inner));
      await add('outer', trx);
      throw new Error('no');
    });
    await expect(outer).rejects.toThrow('no');
    expect(seen).toEqual([]);
    expect(await notes.texts()).toEqual([]);
  });

  test('is undone with the outer one', async () => {
    const outer = db.transaction(async (trx) => {
      await trx.transaction((inner) => add('inner', inner));
      throw new Error('no');
    });
    await expect(outer).rejects.toThrow('no');
    expect(await notes.texts()).toEqual([]);
  });

  test('is begun as well by db.transaction in the same async context', async () => {
    await db.transaction(async (trx) => {
      await add('outer', trx);
      await expect(
        db.transaction(async (inner) => {
          await add('inner', inner);
          throw new Error('no');
        }),
      ).rejects.toThrow('no');
    });
    expect(await notes.texts()).toEqual(['outer']);
  });

  test('waits for the end of another one in the same transaction', async () => {
    const first = gate();
    const order: string[] = [];
    await db.transaction(async (trx) => {
      const one = trx.transaction(async (inner) => {
        order.push('first begins');
        await first.opened;
        await add('first', inner);
        order.push('first ends');
        throw new Error('no');
      });
      const two = trx.transaction(async (inner) => {
        order.push('second begins');
        await add('second', inner);
      });
      first.open();
      await expect(one).rejects.toThrow('no');
      await two;
    });
    expect(order).toEqual(['first begins', 'first ends', 'second begins']);
    expect(await notes.texts()).toEqual(['second']);
  });

  test('does not undo what the outer one writes at the same time', async () => {
    const began = gate();
    const goOn = gate();
    await db.transaction(async (trx) => {
      const nested = trx.transaction(async () => {
        began.open();
        await goOn.opened;
        throw new Error('no');
      });
      await began.opened;
      const written = add('outer', trx);
      goOn.open();
      await expect(nested).rejects.toThrow('no');
      await written;
    });
    expect(await notes.texts()).toEqual(['outer']);
  });

  test('lets the outer trx write from inside it, in it', async () => {
    await db.transaction(async (trx) => {
      await trx.transaction(() => add('through the outer one', trx));
    });
    expect(await notes.texts()).toEqual(['through the outer one']);
  });

  test('refuses a sibling begun from inside it through the outer trx, which would wait for itself', async () => {
    const outer = db.transaction((trx) =>
      trx.transaction(() => trx.transaction(() => Promise.resolve())),
    );
    await expect(outer).rejects.toMatchObject({ code: 'E_TRANSACTION_MISUSE' });
  });

  test('that is not awaited makes the outer one fail, whole', async () => {
    const goOn = gate();
    let nested: Promise<void> | undefined;
    const outer = db.transaction(async (trx) => {
      await add('outer', trx);
      const began = gate();
      nested = trx.transaction(async (inner) => {
        began.open();
        await goOn.opened;
        await add('inner', inner);
      });
      await began.opened;
    });
    await expect(outer).rejects.toMatchObject({ code: 'E_TRANSACTION_MISUSE' });
    goOn.open();
    await expect(nested).rejects.toMatchObject({ code: 'E_TRANSACTION_MISUSE' });
    expect(await notes.texts()).toEqual([]);
  });
});

describe('afterCommit', () => {
  test('of a nested transaction may have happen as much as there is: a job of each row of an import', async () => {
    let happened = 0;
    await db.transaction(async (trx) => {
      await trx.transaction(async (inner) => {
        for (let row = 0; row < 200_000; row += 1) inner.afterCommit(() => void (happened += 1));
      });
    });
    expect(happened).toBe(200_000);
  });

  test('happens after the commit, in the order asked for', async () => {
    const seen: string[] = [];
    await db.transaction(async (trx) => {
      trx.afterCommit(async () => void seen.push(`first: ${String(await notes.texts())}`));
      trx.afterCommit(() => void seen.push('second'));
      await add('written', trx);
      seen.push('callback ends');
    });
    expect(seen).toEqual(['callback ends', 'first: written', 'second']);
  });

  test('may write through db: its transaction is over', async () => {
    await db.transaction(async (trx) =>
      trx.afterCommit(async () => {
        await add('later');
      }),
    );
    expect(await notes.texts()).toEqual(['later']);
  });

  test('never happens when the transaction is rolled back', async () => {
    const happened = jest.fn();
    const work = db.transaction(async (trx) => {
      trx.afterCommit(happened);
      throw new Error('no');
    });
    await expect(work).rejects.toThrow('no');
    expect(happened).not.toHaveBeenCalled();
  });

  test('of a nested transaction waits for the outermost commit', async () => {
    const seen: string[] = [];
    await db.transaction(async (trx) => {
      await trx.transaction(async (inner) => inner.afterCommit(() => void seen.push('nested')));
      trx.afterCommit(() => void seen.push('outer'));
      expect(seen).toEqual([]);
    });
    expect(seen).toEqual(['nested', 'outer']);
  });

  test('of a nested transaction that is rolled back never happens', async () => {
    const happened = jest.fn();
    await db.transaction(async (trx) => {
      const nested = trx.transaction(async (inner) => {
        inner.afterCommit(happened);
        throw new Error('no');
      });
      await expect(nested).rejects.toThrow('no');
    });
    expect(happened).not.toHaveBeenCalled();
  });

  test('belongs to its own transaction, not to another one of the same time', async () => {
    const seen: string[] = [];
    const hold = gate();
    const began = gate();
    const first = db.transaction(async (trx) => {
      trx.afterCommit(() => void seen.push('first'));
      began.open();
      await hold.opened;
    });
    await began.opened;
    const other = notes.other.transaction(async (trx) => {
      trx.afterCommit(() => void seen.push('other file'));
    });
    await other;
    expect(seen).toEqual(['other file']);
    hold.open();
    await first;
    expect(seen).toEqual(['other file', 'first']);
  });

  test('asked for through db binds to the transaction of the async context, and happens at once in none', async () => {
    const seen: string[] = [];
    await db.afterCommit(() => void seen.push('at once'));
    await db.transaction(async () => {
      await db.afterCommit(() => void seen.push('after'));
      await notes.other.afterCommit(() => void seen.push('another file: at once'));
    });
    expect(seen).toEqual(['at once', 'another file: at once', 'after']);
  });

  test('that fails is told, after all of them were run: the transaction is committed', async () => {
    const second = jest.fn();
    const work = db.transaction(async (trx) => {
      await add('kept', trx);
      trx.afterCommit(() => {
        throw new Error('mail server down');
      });
      trx.afterCommit(second);
    });
    await expect(work).rejects.toMatchObject({
      code: 'E_AFTER_COMMIT',
      message: expect.stringContaining('mail server down') as string,
    });
    expect(second).toHaveBeenCalled();
    expect(await notes.texts()).toEqual(['kept']);
  });

  test('is refused after the end', async () => {
    const trx = await db.transaction(async (inner) => inner);
    expect(() => trx.afterCommit(() => undefined)).toThrow(
      expect.objectContaining({ code: 'E_TRANSACTION_MISUSE' }),
    );
  });
});

describe('attempts', () => {
  test('run the callback anew, from an empty transaction, while something it needs is locked', async () => {
    let runs = 0;
    await db.transaction(
      async (trx) => {
        runs += 1;
        await add(`run ${runs}`, trx);
        if (runs === 1) throw DatabaseBusyError.after(200, notes.connection);
      },
      { attempts: 2 },
    );
    expect(await notes.texts()).toEqual(['run 2']);
  });

  test('are used up one busyTimeout after the other', async () => {
    const release = notes.lock();
    await expect(db.transaction(() => Promise.resolve(), { attempts: 2 })).rejects.toMatchObject({
      code: 'E_DATABASE_BUSY',
    });
    expect(notes.connection.lockStatistics.waits).toBe(2);
    release();
  });

  test('do not repeat what failed for another reason', async () => {
    const work = jest.fn(() => Promise.reject(new Error('no')));
    await expect(db.transaction(work, { attempts: 3 })).rejects.toThrow('no');
    expect(work).toHaveBeenCalledTimes(1);
  });

  test('are a whole number from 1', async () => {
    await expect(db.transaction(() => Promise.resolve(), { attempts: 0 })).rejects.toThrow(
      RangeError,
    );
  });
});
