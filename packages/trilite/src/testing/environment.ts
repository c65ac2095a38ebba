import type * as AsyncHooks from 'node:async_hooks';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import type { Circus } from '@jest/types';
import type TestEnvironment from 'jest-environment-node';
import { LEAKS, type OpenThing } from './leak-guard';

/*
 * A jest environment that fails a test which leaves a connection or a worker open. In jest.config.js:
 *
 *     testEnvironment: 'trilite/testing/environment'
 *
 * An environment, because hooks of a library run before those of the test that imports it: only here is "after all hooks" to be had.
 * What was open before the first test of a file (opened in beforeAll) may stay open until its last one has ended.
 */

type NodeEnvironmentClass = new (
  ...parameters: ConstructorParameters<typeof TestEnvironment>
) => TestEnvironment;

// Jest belongs to the application: it is found from there.
const fromApplication = createRequire(join(process.cwd(), 'package.json'));
const NodeEnvironment = (
  fromApplication('jest-environment-node') as { TestEnvironment: NodeEnvironmentClass }
).TestEnvironment;

const asyncHooks = createRequire(__filename)('node:async_hooks') as typeof AsyncHooks;
const { AsyncLocalStorage } = asyncHooks;

/** Node's environment with a guard against leaks. */
export default class LeakGuardEnvironment extends NodeEnvironment {
  #isBeforeTests = true;
  /** Folders whose files may stay open from test to test: what is opened in one later belongs to the file too. */
  readonly #ofTheFile = new Set<string | undefined>();
  readonly #told = new WeakSet<object>();
  /** Each test file loads its modules anew. Up to Node 22 their storages would go on costing every promise of the files after it. */
  readonly #storages: AsyncHooks.AsyncLocalStorage<unknown>[] = [];

  override async setup(): Promise<void> {
    await super.setup();
    const storages = this.#storages;
    provideStorage(
      class<T> extends AsyncLocalStorage<T> {
        constructor(...parameters: ConstructorParameters<typeof AsyncLocalStorage<T>>) {
          super(...parameters);
          storages.push(this);
        }
      },
    );
  }

  override async teardown(): Promise<void> {
    provideStorage(AsyncLocalStorage);
    for (const storage of this.#storages) storage.disable();
    await super.teardown();
  }

  handleTestEvent(event: Circus.AsyncEvent): void {
    switch (event.name) {
      case 'test_start':
        if (this.#isBeforeTests) {
          for (const { folder } of this.#open()) this.#ofTheFile.add(folder);
        }
        this.#isBeforeTests = false;
        break;
      case 'test_done':
        this.#judge(event.test);
        break;
      case 'run_finish':
        this.#refuse(this.#open(), 'The test file');
        break;
    }
  }

  #judge(test: Circus.TestEntry): void {
    const left = this.#open().filter(({ folder }) => !this.#ofTheFile.has(folder));
    try {
      this.#refuse(left, `The test "${test.name}"`);
    } catch (error) {
      test.errors.push([error, error]);
    }
  }

  #refuse(left: readonly OpenThing[], who: string): void {
    const news = left.filter(({ key }) => !this.#told.has(key));
    if (news.length === 0) return;
    for (const { key } of news) this.#told.add(key);
    const list = news.map(({ label }) => `  ${label}`).join('\n');
    throw new Error(
      `${who} left open:\n${list}\nClose its application in afterEach: "await app.close()".`,
    );
  }

  #open(): OpenThing[] {
    const ask = (this.global as unknown as Record<symbol, (() => OpenThing[]) | undefined>)[LEAKS];
    return ask?.() ?? [];
  }
}

/** What `node:async_hooks` exports from now on. Not by assignment: from Node 22 on it is a getter. */
function provideStorage(value: typeof AsyncLocalStorage): void {
  Object.defineProperty(asyncHooks, 'AsyncLocalStorage', {
    value,
    configurable: true,
    enumerable: true,
    writable: true,
  });
}
