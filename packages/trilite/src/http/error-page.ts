import { html, type SafeHtml } from '../view/html';

/** What an error page shows. */
export interface ErrorPageFacts {
  readonly status: number;
  readonly title: string;
  readonly detail: string;
  readonly requestId: string;
  /** What to do next; shown in debug mode. */
  readonly help?: string | undefined;
  /** The error's stack; shown in debug mode. */
  readonly stack?: string | undefined;
}

/** The page for an error: plain in production, with help and stack in debug mode. */
export function errorPage({
  status,
  title,
  detail,
  requestId,
  help,
  stack,
}: ErrorPageFacts): SafeHtml {
  return html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <title>${status} ${title}</title>
        <style>
          ${style}
        </style>
      </head>
      <body>
        <h1><span>${status}</span>${title}</h1>
        <p>${detail}</p>
        ${help === undefined ? '' : html`<p>${help}</p>`}
        ${stack === undefined ? '' : html`<pre>${stack}</pre>`}
        <small>Request ${requestId}</small>
      </body>
    </html>
`;
}

const style = html`
  :root { color-scheme: light dark; }
  body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 12vh auto; padding: 0 1.5rem; }
  h1 { font-size: 1.5rem; font-weight: 600; }
  h1 span { opacity: .5; margin-right: .5rem; }
  pre { overflow-x: auto; padding: 1rem; border: 1px solid #8884; border-radius: .5rem; font-size: .8rem; }
  small { opacity: .6; }
`;
