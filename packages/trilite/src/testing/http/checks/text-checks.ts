import { html } from '../../../view/html';
import type { Answer } from '../answer';
import { shown } from './json-values';

/* Each tells what is wrong with an answer; undefined when nothing is. In HTML a text is looked for as a template escapes it. */

type Problem = string | undefined;

export function seenProblem(answer: Answer, texts: readonly string[]): Problem {
  refuseNothing(texts);
  const missing = texts.find((text) => !answer.text.includes(written(answer, text)));
  return missing === undefined ? undefined : `Expected to see ${shown(missing)}.`;
}

/** In HTML neither escaped nor as it is: "<script>" may not be there as what it is above all. */
export function unseenProblem(answer: Answer, texts: readonly string[]): Problem {
  refuseNothing(texts);
  const seen = texts.find(
    (text) => answer.text.includes(text) || answer.text.includes(written(answer, text)),
  );
  return seen === undefined ? undefined : `Expected not to see ${shown(seen)}.`;
}

export function orderProblem(answer: Answer, texts: readonly string[]): Problem {
  refuseNothing(texts);
  let from = 0;
  for (const [index, text] of texts.entries()) {
    const sought = written(answer, text);
    const at = answer.text.indexOf(sought, from);
    if (at < 0) {
      const before = index === 0 ? '' : ` after ${shown(texts[index - 1])}`;
      const why = answer.text.includes(sought) ? ', and not before' : '';
      return `Expected to see ${shown(text)}${before}${why}.`;
    }
    from = at + sought.length;
  }
  return undefined;
}

function written({ contentType }: Answer, text: string): string {
  return contentType.startsWith('text/html') ? html`${text}`.toString() : text;
}

/** Every answer has an empty text in it, and so an undefined one. */
function refuseNothing(texts: readonly unknown[]): void {
  if (texts.length > 0 && texts.every((text) => typeof text === 'string' && text !== '')) return;
  throw new TypeError(`Expected texts to look for, got ${shown(texts)}.`);
}
