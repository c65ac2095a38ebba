import { relative } from 'node:path';
import { html, type SafeHtml } from '../../view/html';
import { pageStyle } from '../page-style';
import type { RecordedQuery, WorkRecord } from '../../support/work-record';
import type { DebugFacts, ShownError } from './debug-facts';
import type { SourceExcerpt } from './source-excerpt';
import type { StackFrame } from './stack-frames';

/** The page of an error for who develops: where it comes from, what led to it, what the request was and what it asked for. */
export function debugPage(status: number, facts: DebugFacts): SafeHtml {
  const { error, causes, excerpt, request, headers, record, basePath } = facts;
  return html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <title>${error.message}</title>
        ${debugStyle.element}
      </head>
      <body>
        <header>
          <p class="kind">
            <b>${status}</b> ${error.name}${error.code === undefined ? '' : html` <code>${error.code}</code>`}
          </p>
          <h1>${error.message}</h1>
          ${error.help === undefined ? '' : html`<p class="help">${error.help}</p>`}
        </header>
        ${excerpt === undefined ? '' : excerptOf(excerpt)}
        <h2>Stack</h2>
        ${stackOf(error.frames, basePath)} ${causes.map((cause) => causeOf(cause, basePath))}
        <h2>Request</h2>
        ${tableOf(request)}
        <details>
          <summary>${headers.length} headers</summary>
          ${tableOf(headers)}
        </details>
        ${record === undefined ? '' : recordOf(record)}
      </body>
    </html> `;
}

function excerptOf({ file, line, lines }: SourceExcerpt): SafeHtml {
  const rows = lines.map(
    ({ number, text }) =>
      html`<tr${number === line ? html` class="here"` : ''}><th>${number}</th><td>${text}</td></tr>`,
  );
  return html`<section>
    <h2>${file}:${line}</h2>
    <table class="source">
      ${rows}
    </table>
  </section>`;
}

/** Calls of the application stand open; what lies between them can be opened. */
function stackOf(frames: readonly StackFrame[], basePath: string): SafeHtml {
  const parts: SafeHtml[] = [];
  for (let at = 0; at < frames.length;) {
    const isOwn = frames[at]?.origin === 'application';
    const end = frames.findIndex(
      ({ origin }, index) => index > at && (origin === 'application') !== isOwn,
    );
    const group = frames.slice(at, end === -1 ? undefined : end);
    const list = html`<ol>
      ${group.map((frame) => frameOf(frame, basePath))}
    </ol>`;
    parts.push(
      isOwn
        ? list
        : html`<details><summary>${group.length} calls in ${originsOf(group)}</summary>${list}</details>`,
    );
    at += group.length;
  }
  return html`${parts}`;
}

function frameOf({ call, file, line, origin }: StackFrame, basePath: string): SafeHtml {
  const shown = origin === 'application' ? relative(basePath, file) : file;
  return html`<li class="${origin}">${call ?? '(file)'} <span>${shown}:${line}</span></li>`;
}

function originsOf(frames: readonly StackFrame[]): string {
  const names = {
    application: 'the application',
    framework: 'Trilite',
    dependency: 'packages',
    node: 'Node',
  };
  return [...new Set(frames.map(({ origin }) => names[origin]))].join(', ');
}

function causeOf({ name, code, message, help, frames }: ShownError, basePath: string): SafeHtml {
  return html`<h2>Caused by ${name} ${code === undefined ? '' : html`<code>${code}</code>`}</h2>
    <p>${message}</p>
    ${help === undefined ? '' : html`<p class="help">${help}</p>`} ${stackOf(frames, basePath)}`;
}

function tableOf(rows: readonly (readonly [string, string | undefined])[]): SafeHtml {
  const known = rows.filter(([, value]) => value !== undefined);
  return html`<table>
    ${known.map(([name, value]) => html`<tr><th>${name}</th><td>${value}</td></tr>`)}
  </table>`;
}

function recordOf(record: WorkRecord): SafeHtml {
  const { queryCount, queryMs, queries, cacheHits, cacheMisses } = record;
  const left = queryCount - queries.length;
  return html`<h2>Asked for</h2>
    <p>
      ${queryCount} queries in ${queryMs.toFixed(1)} ms; ${cacheHits} cache hits, ${cacheMisses}
      misses
    </p>
    <table class="queries">
      ${queries.map(queryRow)}
    </table>
    ${left > 0 ? html`<p>${left} more are not shown.</p>` : ''}`;
}

/** Without the values: they may be secrets, and pages are sent around. */
function queryRow(query: RecordedQuery): SafeHtml {
  const { sql, connection, durationMs, waitedMs, rows, bindings, hasFailed } = query;
  const waited = waitedMs >= 0.1 ? ` after ${waitedMs.toFixed(1)} ms` : '';
  return html`<tr${hasFailed ? html` class="failed"` : ''}>
    <th>${durationMs.toFixed(1)} ms${waited}</th>
    <td><code>${sql}</code><span>${connection}; ${bindings} values; ${hasFailed ? 'failed' : `${rows} rows`}</span></td>
  </tr>`;
}

/** Its style, and what a browser takes from it. */
export const debugStyle = pageStyle(`
:root{color-scheme:light dark;--line:#8883;--dim:#7779;--mark:#e5484d}
body{font:15px/1.5 system-ui,sans-serif;max-width:72rem;margin:0 auto;padding:2.5rem 1.5rem 6rem}
header{border-left:4px solid var(--mark);padding-left:1.25rem;margin-bottom:2rem}
h1{font-size:1.5rem;font-weight:600;margin:.25rem 0;white-space:pre-wrap;overflow-wrap:anywhere}
h2{font-size:.95rem;font-weight:600;margin:2rem 0 .5rem}
p{margin:.25rem 0;overflow-wrap:anywhere}
.kind b{color:var(--mark)}
.help{opacity:.75}
code,.source,ol,.queries{font:13px/1.6 ui-monospace,Menlo,Consolas,monospace}
table{border-collapse:collapse;width:100%}
th{font-weight:400;text-align:left;vertical-align:top;opacity:.6;padding:.15rem 1rem .15rem 0;white-space:nowrap}
td{width:100%;overflow-wrap:anywhere}
section,.queries{border:1px solid var(--line);border-radius:.5rem;overflow-x:auto}
section h2{margin:0;padding:.5rem 1rem;border-bottom:1px solid var(--line)}
.source td{white-space:pre}
.source th{text-align:right;padding-left:1rem;user-select:none}
.here{background:color-mix(in srgb,var(--mark) 16%,transparent)}
.queries th{padding:.35rem 1rem}
.queries tr+tr{border-top:1px solid var(--line)}
.failed code{color:var(--mark)}
ol{list-style:none;margin:0;padding:0}
li{padding:.15rem 0 .15rem .75rem;border-left:2px solid var(--line);overflow-wrap:anywhere}
li.application{border-color:var(--mark)}
span{opacity:.6;margin-left:.5rem}
summary{cursor:pointer;opacity:.6;padding:.2rem 0}
`);
