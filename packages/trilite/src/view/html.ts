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
    (text, index) => text + (index < values.length ? render(values[index]) : ''),
  );
  return new SafeHtml(parts.join(''));
}

function render(value: unknown): string {
  if (value instanceof SafeHtml) return value.toString();
  if (Array.isArray(value)) return value.map(render).join('');
  if (value === null || value === undefined || value === false) return '';
  // eslint-disable-next-line @typescript-eslint/no-base-to-string -- what a value says of itself is what is shown
  return escape(String(value));
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
