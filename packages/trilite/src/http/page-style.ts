import { createHash } from 'node:crypto';
import { SafeHtml } from '../view/html';

/** The style of a page of ours, and the policy under which it is the only thing a browser takes from that page. */
export interface PageStyle {
  /** The element, as it is hashed: not a space may be added. */
  readonly element: SafeHtml;
  /** The value of the header Content-Security-Policy. */
  readonly policy: string;
}

/** A page with this style needs nothing else: no script, no file, no form. What slips into it can do nothing either. */
export function pageStyle(css: string): PageStyle {
  const hash = createHash('sha256').update(css).digest('base64');
  return {
    element: new SafeHtml(`<style>${css}</style>`),
    policy: `default-src 'none'; style-src 'sha256-${hash}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`,
  };
}
