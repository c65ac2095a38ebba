/**
 * Declares the tests of a shared suite for a driver that does not keep all of it: those that are named, or below a description that is, are
 * skipped, and the report says why. A test of a table is named as it stands in the suite, with its `%s`.
 *
 * @throws when nothing has a name: what the suite no longer asks for need not be left out
 */
export function leavingOut(reasons: Readonly<Record<string, string>>, declare: () => void): void {
  const { describe: wholeDescribe, test: wholeTest } = globalThis;
  const unmet = new Set(Object.keys(reasons));
  const path: string[] = [];

  const reasonFor = (name: string): string | undefined => {
    const found = [...path, name].find((one) => reasons[one] !== undefined);
    if (found !== undefined) unmet.delete(found);
    return found === undefined ? undefined : reasons[found];
  };
  const describePart = (name: string, declareSome: () => void): void =>
    wholeDescribe(name, () => {
      path.push(name);
      declareSome();
      path.pop();
    });
  const testPart = (name: string, run?: jest.ProvidesCallback, timeoutMs?: number): void => {
    const reason = reasonFor(name);
    if (reason === undefined) wholeTest(name, run, timeoutMs);
    else wholeTest.skip(`${name}: ${reason}`, run, timeoutMs);
  };
  const each = (table: readonly unknown[]) => (name: string, run: () => void) => {
    const reason = reasonFor(name);
    if (reason === undefined) wholeTest.each(table)(name, run);
    else wholeTest.skip.each(table)(`${name}: ${reason}`, run);
  };

  globalThis.describe = Object.assign(describePart, wholeDescribe);
  globalThis.test = Object.assign(testPart, wholeTest, { each: each as jest.Each });
  try {
    declare();
  } finally {
    Object.assign(globalThis, { describe: wholeDescribe, test: wholeTest });
  }
  if (unmet.size > 0) throw new Error(`No test has the name: ${[...unmet].join(', ')}.`);
}
