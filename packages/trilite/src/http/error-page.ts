import { html, type SafeHtml } from '../view/html';
import { pageStyle } from './page-style';

/** What an error page shows. */
export interface ErrorPageFacts {
  readonly status: number;
  readonly title: string;
  readonly detail: string;
  readonly requestId: string;
  /** What to do next; shown in debug mode. */
  readonly help?: string | undefined;
}

/** The plain page for an error. */
export function errorPage({ status, title, detail, requestId, help }: ErrorPageFacts): SafeHtml {
  return html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <title>${status} ${title}</title>
        ${errorStyle.element}
      </head>
      <body>
        <h1><span>${status}</span>${title}</h1>
        <p>${detail}</p>
        ${help === undefined ? '' : html`<p>${help}</p>`}
        <small>Request ${requestId}</small>
      </body>
    </html> `;
}

/** Its style, and what a browser takes from it. */
export const errorStyle = pageStyle(`
:root{color-scheme:light dark}
body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:12vh auto;padding:0 1.5rem}
h1{font-size:1.5rem;font-weight:600}
h1 span{opacity:.5;margin-right:.5rem}
p{overflow-wrap:anywhere}
small{opacity:.6}
`);
