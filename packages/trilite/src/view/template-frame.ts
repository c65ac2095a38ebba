import { toHtml, type SafeHtml } from './html';

/** What templates call of the rendering they are part of. */
export const FRAME_NAMES = ['layout', 'block', 'include', 'component', 'capture'] as const;

/** What a template writes to and calls while it runs. */
export interface TemplateFrame {
  /** The line whose tag is running. */
  line: number;
  readonly output: TemplateOutput;
  readonly layout: (name: string, data?: object) => void;
  readonly block: (name: string, body?: () => void) => SafeHtml | undefined;
  readonly include: (name: string, data?: object) => SafeHtml;
  readonly component: (name: string, props?: object, body?: () => void) => SafeHtml;
  readonly capture: (body: () => void) => SafeHtml;
  /** What else stands in templates by its bare name. */
  readonly names: Readonly<Record<string, unknown>>;
}

/**
 * What a template has written.
 *
 * Tags write by assignment, `output.escaped = …`, not by a call: the tag may begin a function that a later tag ends, as the body of a component
 * does, and no parenthesis has to be closed after it.
 */
export class TemplateOutput {
  text = '';

  set escaped(value: unknown) {
    this.text += toHtml(value);
  }

  set raw(value: unknown) {
    if (value === null || value === undefined || value === false) return;
    // eslint-disable-next-line @typescript-eslint/no-base-to-string -- what a value says of itself is what is shown
    this.text += String(value);
  }
}
