import type { IncomingHttpHeaders } from 'node:http';

const SECRET = /cookie|auth|token|secret|passw|key|session|csrf|xsrf|signature|credential/i;

const HIDDEN = '[hidden]';

/** Headers as they may be shown to whoever looks over a shoulder: what names a secret keeps its name alone. */
export function shownHeaders(headers: IncomingHttpHeaders): [name: string, value: string][] {
  return Object.entries(headers).map(([name, value]) => [
    name,
    SECRET.test(name) ? HIDDEN : String(value),
  ]);
}

/** The same for the parameters of an address. */
export function shownUrl(url: string): string {
  return url.replace(/([?&]([^=&]*)=)[^&]*/g, (whole, beginning: string, name: string) =>
    SECRET.test(name) ? `${beginning}${HIDDEN}` : whole,
  );
}
