import { parseCsv } from '../app/imports/csv';

const values = (text: string) => parseCsv(text).map((row) => Object.values(row.values));

test('fields are separated by commas, and named by the first line', () => {
  expect(parseCsv('Subject, email\nA,a@example.com\n')).toEqual([
    { line: 2, values: { subject: 'A', email: 'a@example.com' } },
  ]);
});

test('what stands in quotes holds commas, line breaks and quotes', () => {
  const rows = parseCsv('a,b\r\n"1, 2","x\ny ""z"""\r\n3,4');
  expect(rows.map(({ line }) => line)).toEqual([2, 4]);
  expect(rows.map((row) => Object.values(row.values))).toEqual([
    ['1, 2', 'x\ny "z"'],
    ['3', '4'],
  ]);
});

test('a mark of the byte order, empty lines and missing fields are no reason to stop', () => {
  expect(values('\uFEFFa,b\n\n1\n,\n2,3')).toEqual([
    ['1', ''],
    ['2', '3'],
  ]);
  expect(parseCsv('')).toEqual([]);
  expect(values('a,b\n1,')).toEqual([['1', '']]);
});

test.each(['a\n"b', 'a\nb"c', 'a\n"b"c'])(
  'a quote in the wrong place is told with its line',
  (text) => {
    expect(() => parseCsv(text)).toThrow('Line 2');
  },
);

test('a file that would be large in memory is refused, however small it is', () => {
  const columns = Array.from({ length: 51 }, (_, index) => `c${index}`).join();
  expect(() => parseCsv(`${columns}\na`)).toThrow('over 50 columns');
  expect(() => parseCsv(`a\n${'b\n'.repeat(5001)}`)).toThrow('over 5000 rows');
});
