import { loadConfig } from '../../src/config/load-config';
import { projectAt } from '../../src/config/project';
import { createProject, exportDefault, type TestProject } from '../helpers/project';

let project: TestProject;

afterEach(() => project.remove());

/** What is wrong with config/cache.ts; undefined when nothing is. */
function problem(stores: string, more = ''): string | undefined {
  project = createProject({
    'config/cache.js': exportDefault(`{ default: 'main', ${more} stores: ${stores} }`),
  });
  try {
    loadConfig(projectAt(project.path));
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
}

const MAIN = "main: { driver: 'sqlite', connection: 'cache' }";

describe('a tiered store', () => {
  test('stands before a store of driver sqlite', () => {
    expect(problem(`{ ${MAIN}, fast: { driver: 'tiered', store: 'main' } }`)).toBeUndefined();
  });

  test.each([
    ['one that is not declared', 'mein'],
    ['one in memory', 'memory'],
    ['itself', 'fast'],
    ['one that every object has', 'toString'],
  ])('does not stand before %s', (_, store) => {
    const stores = `{ ${MAIN}, memory: { driver: 'memory' }, fast: { driver: 'tiered', store: '${store}' } }`;
    expect(problem(stores)).toContain(
      `config/cache.ts  "stores.fast.store": found '${store}', expected a store of driver "sqlite": 'main'`,
    );
  });

  test('says so when there is none', () => {
    const stores = "{ main: { driver: 'tiered', store: 'main' } }";
    expect(problem(stores)).toContain('expected a store of driver "sqlite"; none is declared');
  });
});

describe('a failover list', () => {
  test('is of other stores', () => {
    const stores = `{ ${MAIN}, last: { driver: 'null' }, safe: { driver: 'failover', stores: ['main', 'last'] } }`;
    expect(problem(stores)).toBeUndefined();
  });

  test.each(['safe', 'other', 'nothing'])('does not hold %p', (name) => {
    const stores = `{
      ${MAIN},
      safe: { driver: 'failover', stores: ['main', '${name}'] },
      other: { driver: 'failover', stores: ['main'] },
    }`;
    expect(problem(stores)).toContain(
      `"stores.safe.stores": found '${name}', expected names of other stores: 'main'`,
    );
  });

  test('is not empty', () => {
    expect(problem(`{ ${MAIN}, safe: { driver: 'failover', stores: [] } }`)).toContain(
      '"stores.safe.stores"',
    );
  });
});

describe('two stores on one connection', () => {
  const both = (one: string, other: string): string => `{
    main: { driver: 'sqlite', connection: 'cache', prefix: '${one}' },
    other: { driver: 'sqlite', connection: 'cache', prefix: '${other}' },
  }`;

  test('go with prefixes that do not begin alike', () => {
    expect(problem(both('a:', 'b:'))).toBeUndefined();
    expect(problem(both('ab:', 'a:'))).toBeUndefined();
  });

  test.each([
    ['a:', 'a:'],
    ['a:', 'a:b:'],
    ['a:b:', 'a:'],
    ['', 'b:'],
    ['b:', ''],
  ])('do not go with %p and %p', (one, other) => {
    expect(problem(both(one, other))).toContain(
      `"stores.other.prefix": found '${other}', expected a prefix that neither begins with that of "main" ('${one}')`,
    );
  });

  test('are compared with the common prefix', () => {
    const stores = `{ ${MAIN}, other: { driver: 'sqlite', connection: 'cache', prefix: 'app:x' } }`;
    expect(problem(stores, "prefix: 'app:',")).toContain('"stores.other.prefix"');
  });

  test('go with any prefixes on two connections', () => {
    expect(
      problem(`{ ${MAIN}, other: { driver: 'sqlite', connection: 'queue' } }`),
    ).toBeUndefined();
  });
});

describe('maxBytes', () => {
  const stores = (connection: string, bound: string): string =>
    `{ main: { driver: 'sqlite', connection: '${connection}', ${bound} } }`;

  test('goes with a connection that holds nothing else', () => {
    expect(problem(stores('cache', "maxBytes: '64mb'"))).toBeUndefined();
  });

  test.each(['default', 'queue'])('does not go with the connection %p', (connection) => {
    expect(problem(stores(connection, "maxBytes: '64mb'"))).toContain(
      '"stores.main.maxBytes": found \'67108864 bytes\', expected no bound in bytes',
    );
  });

  test('does not go with that of the locks', () => {
    expect(problem(stores('cache', "maxBytes: '64mb'"), "lockConnection: 'cache',")).toContain(
      '"stores.main.maxBytes"',
    );
  });

  test('has maxEntries beside it, which goes with any', () => {
    expect(problem(stores('default', 'maxEntries: 100'))).toBeUndefined();
  });
});
