import { lineDiff } from '../../src/support/line-diff';

test.each([
  ['', '', []],
  ['a\nb', 'a\nb', []],
  ['a\nb\nc', 'a\nx\nc', ['- b', '+ x']],
  ['a\nb', 'a\nb\nc', ['+ c']],
  ['a\nb\nc', 'b', ['- a', '- c']],
  ['', 'a\n', ['+ a', '+ ']],
  ['a\nb\nc\nd\ne', 'b\nc\nx\ne\nf', ['- a', '- d', '+ x', '+ f']],
])('from %j to %j is %j', (first, second, expected) => {
  expect(lineDiff(first, second)).toEqual(expected);
});
