import { humanBytes } from '../../src/support/bytes';

test.each([
  [0, '0 B'],
  [1023, '1023 B'],
  [1024, '1 KB'],
  [1536, '1.5 KB'],
  [150 * 1024, '150 KB'],
  [64 * 1024 ** 2, '64 MB'],
  [1.25 * 1024 ** 3, '1.3 GB'],
  [5000 * 1024 ** 4, '5000 TB'],
])('%p bytes are "%s"', (bytes, text) => {
  expect(humanBytes(bytes)).toBe(text);
});
