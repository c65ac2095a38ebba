import { testSnippets } from '../helpers/snippets';

/* What of keys that know their values compiles, and what does not. */

const HEAD = `
import { defineCacheKeys, type CacheRepository } from 'trilite';

declare const cache: CacheRepository;
interface Report { rows: number }
const keys = defineCacheKeys((key) => ({
  open: key<number>('tickets:open'),
  report: (id: string) => key<Report>(\`report:\${id}\`),
  names: key<string[]>('names'),
  flag: key<boolean | null>('flag'),
}));
`;

const COMPILES = [
  `cache.put(keys.open, 5, '1m');`,
  `cache.get(keys.open).then((open): number | undefined => open);`,
  `cache.get(keys.open, 0).then((open): number => open);`,
  `cache.get(keys.report('a'), () => ({ rows: 0 })).then(({ rows }): number => rows);`,
  `cache.get(keys.report('a'), async () => ({ rows: 0 })).then(({ rows }): number => rows);`,
  `cache.remember(keys.report('a'), '10m', async () => ({ rows: 1 })).then(({ rows }): number => rows);`,
  `cache.remember(keys.report('a'), (report) => report.rows, () => ({ rows: 1 }));`,
  `cache.rememberForever(keys.names, () => ['a']).then((names): string[] => names);`,
  `cache.flexible(keys.open, ['1m', '1h'], () => 1).then((open): number => open);`,
  `cache.increment(keys.open, 2).then((open): number => open);`,
  `cache.integer(keys.open, 0).then((open): number => open);`,
  `cache.array(keys.names).then((names): string[] | undefined => names);`,
  `cache.array(keys.names, []).then((names): string[] => names);`,
  `cache.pull(keys.open, 0).then((open): number => open);`,
  `cache.many([keys.open]).then((found): Map<string, number> => found);`,
  `cache.add(keys.flag, null, 5);`,
  `cache.forget(keys.names);`,
  `cache.forgetMany([keys.names, keys.open, 'text']);`,
  `cache.putMany([[keys.open, 5], ['text', 'any']]);`,
  `cache.many([keys.open, keys.names, 'text']).then((found): Map<string, unknown> => found);`,
  `cache.tags('a', ['b', 'c']).put(keys.open, 5);`,
  // Texts stay loose
  `cache.put('key', { any: ['thing', new Date()] });`,
  `cache.get('key').then((value): unknown => value);`,
  `cache.get<Report>('key').then((report): number | undefined => report?.rows);`,
  `cache.get<number>('key', 5).then((value): number => value);`,
  `cache.remember('key', '1m', async () => ({ rows: 1 })).then(({ rows }): number => rows);`,
  `cache.remember('key', (value: { seconds: number }) => value.seconds, () => ({ seconds: 1 }));`,
  `cache.flexible('key', [60, '1h'], () => 'text').then((text): string => text);`,
  `cache.array<number>('key').then((list): number[] | undefined => list);`,
  `cache.namespace('shop').tags('a').memo().putMany({ a: 1, b: 'two' }, '1h');`,
];

const DOES_NOT_COMPILE = [
  `cache.put(keys.open, 'five');`,
  `cache.put(keys.report('a'), { row: 1 });`,
  `cache.put(keys.open, undefined);`,
  `cache.forever(keys.names, [1]);`,
  `cache.add(keys.open, true);`,
  `cache.get(keys.open).then((open): string | undefined => open);`,
  `cache.get(keys.open).then((open) => open.toFixed());`,
  `cache.get(keys.open, 'none');`,
  `cache.pull(keys.open, () => 'none');`,
  `cache.remember(keys.report('a'), '10m', () => ({ row: 1 }));`,
  `cache.remember(keys.report('a'), (report) => report.row, () => ({ rows: 1 }));`,
  `cache.rememberForever(keys.open, async () => 'one');`,
  `cache.flexible(keys.open, ['1m', '1h'], () => 'one');`,
  `cache.flexible(keys.open, ['1m'], () => 1);`,
  `cache.increment(keys.names);`,
  `cache.string(keys.open);`,
  `cache.boolean(keys.names);`,
  `cache.array(keys.open);`,
  `cache.array(keys.names, [1]);`,
  `cache.many([keys.open]).then((found): Map<string, string> => found);`,
  `const key: typeof keys.names = keys.open;`,
  `cache.get("key", 5).then((value): number => value);`,
  `cache.get(5);`,
];

testSnippets(HEAD, { compiles: COMPILES, doesNot: DOES_NOT_COMPILE });
