import { Template } from '../../src/view/template';
import { read } from './documents';

/* Every template that docs/views.md shows compiles. */

const BLOCK = /(?:^ {4}.*\n|^\n(?= {4}))+/gm;
const HELPERS = ['route', 'asset', 'csrf', 'old', 'errors', 'json', 'euros'];

const blocks = [
  ...read('packages/trilite/docs/views.md')
    .replace(/^```ts$.*?^```$/gms, '')
    .matchAll(BLOCK),
]
  .map(([text]) => text.replace(/^ {4}/gm, '').trim())
  .filter((text) => text.includes('<%'));

test('there are some', () => expect(blocks.length).toBeGreaterThan(4));

test.each(blocks)('%s', (source) => {
  const place = { view: 'shown', file: 'docs/views.md', source };
  expect(() => new Template(place, HELPERS)).not.toThrow();
});
