import { ContextVariable } from '../../src/support/context-variable';

const one = new ContextVariable<string>();
const other = new ContextVariable<number>();

test('a value follows the work it was given for, through what that awaits, and nothing else', async () => {
  const seen: unknown[] = [];
  const work = one.run('mine', async () => {
    await Promise.resolve();
    setImmediate(() => seen.push(one.get()));
    await new Promise(setImmediate);
    seen.push(one.get());
  });
  expect(one.get()).toBeUndefined();
  await work;
  expect(seen).toEqual(['mine', 'mine']);
  expect(one.get()).toBeUndefined();
});

test('a variable that is given a value leaves the others theirs', () => {
  const seen = one.run('outer', () =>
    other.run(1, () => [one.run('inner', () => [one.get(), other.get()]), one.get(), other.get()]),
  );
  expect(seen).toEqual([['inner', 1], 'outer', 1]);
});

test('work without a value has none, whatever it was begun in', () => {
  expect(one.run('mine', () => one.run(undefined, () => one.get()))).toBeUndefined();
});

test('what is thrown comes through, and ends the work', () => {
  const fail = (): never => {
    throw new Error('no');
  };
  expect(() => one.run('mine', fail)).toThrow('no');
  expect(one.get()).toBeUndefined();
});
