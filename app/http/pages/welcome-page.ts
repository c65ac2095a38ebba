import { relative } from 'node:path';
import { basePath, html, type ConnectionDescription, type JobRecord, type SafeHtml } from 'trilite';

/** What the first page shows. */
export interface WelcomeFacts {
  readonly visits: number;
  readonly connections: readonly ConnectionDescription[];
  readonly versions: Readonly<Record<string, string>>;
  /** The job whose id is in the address. */
  readonly job: JobRecord | undefined;
  /** What the form sends back to show that this page made it. */
  readonly token: string;
}

/** The first page. Delete it, its controller and its route when you have a page of your own. */
export function welcomePage({ visits, connections, versions, job, token }: WelcomeFacts): SafeHtml {
  return html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <title>Trilite</title>
        <link rel="icon" href="data:," />
        <style>
          ${style}
        </style>
      </head>
      <body>
        <main>
          <h1>Trilite is running</h1>
          <p class="lead">
            Three SQLite files, three writers. This page counts its visits in one, and has a job
            done through another.
          </p>

          <section>
            <h2>Files</h2>
            <table>
              <thead>
                <tr>
                  <th>Connection</th>
                  <th>File</th>
                  <th>Size</th>
                  <th>Journal</th>
                </tr>
              </thead>
              <tbody>
                ${connections.map(connectionRow)}
              </tbody>
            </table>
          </section>

          <div class="pair">
            <section>
              <h2>Cache</h2>
              <p class="number" id="visits">${visits}</p>
              <p>visits of this page, kept by the injected <code>CacheRepository</code>.</p>
            </section>
            <section>
              <h2>Queue</h2>
              <form method="post" action="/reports">
                <input type="hidden" name="_token" value="${token}" />
                <button>Build a report</button>
              </form>
              <p id="job" data-state="${job?.state ?? ''}" aria-live="polite">
                ${job === undefined ? 'The injected QueueDispatcher stores a job; the worker runs it.' : describeJob(job)}
              </p>
              <progress id="progress" max="100" value="${job?.progress ?? 0}"></progress>
            </section>
          </div>

          <footer>
            ${Object.entries(versions).map(([name, version]) => html`<span>${name} ${version}</span>`)}
          </footer>
        </main>
        <script>
          ${script};
        </script>
      </body>
    </html> `;
}

function connectionRow({ name, file, bytes, journalMode }: ConnectionDescription): SafeHtml {
  return html`<tr>
    <td>${name}</td>
    <td><code>${relative(basePath(), file)}</code></td>
    <td>${(bytes / 1024).toFixed(0)} KB</td>
    <td>${journalMode}</td>
  </tr>`;
}

function describeJob({ id, state, progress }: JobRecord): string {
  return `Job ${id}: ${state}${state === 'running' ? `, ${progress ?? 0} %` : ''}`;
}

const style = html`
  :root { color-scheme: light dark; --line: #8883; --soft: #777; --accent: #0a7d5a; }
  body { font: 16px/1.5 system-ui, sans-serif; margin: 0; padding: 8vh 1.5rem; }
  main { max-width: 52rem; margin: 0 auto; }
  h1 { font-size: 2rem; margin: 0 0 .25rem; letter-spacing: -.02em; }
  h2 { font-size: .8rem; text-transform: uppercase; letter-spacing: .08em; color: var(--soft); margin: 0 0 .75rem; }
  .lead { margin: 0 0 2rem; }
  section { border: 1px solid var(--line); border-radius: .75rem; padding: 1.25rem; margin-bottom: 1rem; overflow-x: auto; }
  .pair { display: grid; grid-template-columns: repeat(auto-fit, minmax(16rem, 1fr)); gap: 1rem; }
  table { width: 100%; border-collapse: collapse; }
  th { text-align: left; font-weight: 500; color: var(--soft); }
  th, td { padding: .35rem .75rem .35rem 0; }
  code { font-size: .85em; overflow-wrap: anywhere; }
  .number { font-size: 2.5rem; margin: 0; font-variant-numeric: tabular-nums; }
  button { font: inherit; padding: .5rem 1rem; border: 0; border-radius: .5rem; color: #fff; background: var(--accent); cursor: pointer; }
  progress { width: 100%; accent-color: var(--accent); }
  footer { display: flex; gap: 1.5rem; flex-wrap: wrap; color: var(--soft); font-size: .85rem; margin-top: 1.5rem; }
`;

// Without this script the form still works: the page comes back with the job in its address, and shows where it stands.
const script = html`
  const text = document.getElementById('job');
  const bar = document.getElementById('progress');
  const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

  async function ask(url, options) {
    const response = await fetch(url, { ...options, headers: { Accept: 'application/json' } });
    if (!response.ok) throw new Error('The server answered ' + response.status);
    return response.json();
  }

  async function follow(job) {
    while (job.state === 'waiting' || job.state === 'running') {
      show(job);
      await pause(100);
      job = await ask('/reports/' + job.id);
    }
    show(job);
  }

  function show({ id, state, progress = 0 }) {
    text.dataset.state = state;
    text.textContent = 'Job ' + id + ': ' + state + (state === 'running' ? ', ' + Math.round(progress) + ' %' : '');
    bar.value = progress;
  }

  document.querySelector('form').addEventListener('submit', async (event) => {
    event.preventDefault();
    try {
      await follow(await ask('/reports', { method: 'POST', body: new URLSearchParams(new FormData(event.target)) }));
    } catch (error) {
      text.textContent = error.message;
    }
  });
`;
