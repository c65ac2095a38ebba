import { JsonForm } from '../support/json-form';

/** HTML that is safe to send: made by the `html` tag, which escapes what is put into it. */
export class SafeHtml {
  readonly #text: string;

  constructor(text: string) {
    this.#text = text;
  }

  toString(): string {
    return this.#text;
  }
}

/**
 * Builds HTML from a template. Values are escaped; other `html` parts are kept, arrays are joined, null, undefined and false are left out.
 *
 * @example
 * import { html } from 'trilite';
 *
 * const page = html`<h1>Hello ${'<script>'}</h1>`;
 */
export function html(strings: TemplateStringsArray, ...values: readonly unknown[]): SafeHtml {
  const parts = strings.map(
    (text, index) => text + (index < values.length ? toHtml(values[index]) : ''),
  );
  return new SafeHtml(parts.join(''));
}

/** A value as HTML: escaped, unless it is safe already. */
export function toHtml(value: unknown): string {
  if (value instanceof SafeHtml) return value.toString();
  if (Array.isArray(value)) return value.map(toHtml).join('');
  if (value === null || value === undefined || value === false) return '';
  return escape(textOf(value));
}

/** What a value says of itself; of one that says nothing, as what came in may be (`{"toString":1}`), that it is an object. */
function textOf(value: unknown): string {
  const { toString } = value as { readonly toString?: unknown };
  return typeof toString === 'function' ? String(value) : '[object Object]';
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

function escape(text: string): string {
  return text.replace(/[&<>"']/g, (character) => ENTITIES[character] ?? character);
}

/** What would end a script, begin a comment in it or leave an attribute, or was once a line's end in JavaScript. */
const UNSAFE_IN_SCRIPTS = /[<>&'\u2028\u2029]/g;

/**
 * A value as JSON for the inside of a `<script>`, where entities are not read: escaping for text is of no use there. In the form that answers have:
 * a Map as an object, a Set as a list, a bigint as its digits, bytes as base64. `undefined` is `null`.
 *
 * @throws TypeError for what JSON cannot keep: a function, a promise, what holds itself
 * @see https://html.spec.whatwg.org/multipage/scripting.html#restrictions-for-contents-of-script-elements
 */
export function json(value: unknown): SafeHtml {
  const text = JSON.stringify(new JsonForm(refusalOf).of(value)) as string | undefined;
  const escaped = (text ?? 'null').replace(
    UNSAFE_IN_SCRIPTS,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
  return new SafeHtml(escaped);
}

function refusalOf(path: string, found: string): TypeError {
  return new TypeError(`The ${path} of json(…) cannot be JSON: it is ${found}.`);
}
