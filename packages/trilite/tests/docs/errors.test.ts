import { pages, prose, read, sources } from './documents';

const ERRORS = 'packages/trilite/docs/errors.md';
const ROW = /^\| `(E_[A-Z_]+)` \|/gm;

const thrown = new Set(sources().flatMap((file) => all(read(file), /'(E_[A-Z_]+)'/g)));
const documented = all(read(ERRORS), ROW);

test('every code that is thrown stands in docs/errors.md', () => {
  expect([...thrown].filter((code) => !documented.includes(code))).toEqual([]);
});

test('every code of docs/errors.md is thrown', () => {
  expect(documented.filter((code) => !thrown.has(code))).toEqual([]);
});

test('docs/errors.md says the status of each code that has one', () => {
  const rows = new Map(
    read(ERRORS)
      .split('\n')
      .map((row) => [/^\| `(E_[A-Z_]+)`/.exec(row)?.[1], row]),
  );
  const made = sources().flatMap((file) => read(file).split("code: '").slice(1));
  const statuses = made.flatMap((facts) => {
    const code = facts.slice(0, facts.indexOf("'"));
    const status = /^[^}]*\bstatus: (\d{3})/.exec(facts.replace(/\$\{.*?\}/g, ''))?.[1];
    return status === undefined ? [] : [{ code, status }];
  });
  expect(statuses.length).toBeGreaterThan(30);
  expect(statuses.filter(({ code, status }) => !rows.get(code)?.includes(status))).toEqual([]);
});

test('docs/errors.md has one row for each code, in alphabetical order within its section', () => {
  expect(new Set(documented).size).toBe(documented.length);
  for (const section of read(ERRORS).split('\n## ')) {
    const codes = all(section, ROW);
    expect(codes).toEqual([...codes].sort());
  }
});

test('no page and no docstring names a code that nothing throws', () => {
  const named = [
    ...pages().map((page) => ({ file: page, codes: all(prose(page), /\b(E_[A-Z_]*[A-Z])\b/g) })),
    ...sources().map((file) => ({ file, codes: all(read(file), /@throws.*?\b(E_[A-Z_]+)/g) })),
  ];
  const unknown = named.flatMap(({ file, codes }) =>
    codes.filter((code) => !thrown.has(code)).map((code) => `${file}: ${code}`),
  );
  expect(unknown).toEqual([]);
});

function all(text: string, pattern: RegExp): string[] {
  return [...text.matchAll(pattern)].flatMap((match) => match[1] ?? []);
}
