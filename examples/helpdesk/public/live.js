'use strict';

// Shows what happens, as it does. Without it the page is what it was when it was asked for.
const place = document.querySelector('[data-live]');
const badge = document.getElementById('live');

const shows = {
  counts(counts) {
    for (const [status, count] of Object.entries(counts)) {
      const figure = document.querySelector(`[data-count="${status}"]`);
      if (figure) figure.textContent = count;
    }
  },

  activity({ text, ticket_id: ticket, created_at: at }) {
    const list = document.getElementById('activities');
    if (!list) return;
    const item = document.createElement('li');
    const time = document.createElement('time');
    time.dateTime = new Date(at).toISOString();
    time.textContent = time.dateTime.slice(0, 16).replace('T', ' ');
    const what = document.createElement(ticket ? 'a' : 'span');
    if (ticket) what.href = `/tickets/${ticket}`;
    what.textContent = text;
    item.className = 'new';
    item.append(time, ' ', what);
    list.prepend(item);
  },

  import(progress) {
    const box = document.querySelector(`[data-import="${progress.id}"]`) ?? newImport(progress);
    if (!box) return;
    const { percent, tickets, rows, problems, isFinished } = progress;
    box.dataset.finished = isFinished;
    box.querySelector('progress').value = percent;
    box.querySelector('[data-part=text]').textContent =
      `${percent} %: ${tickets} of ${rows} rows are tickets, left out: ${problems}`;
    // The lines that were left out are on the page
    if (isFinished && problems > 0 && location.pathname.startsWith('/imports/')) location.reload();
  },
};

/** The dashboard shows imports that others began. */
function newImport({ id, name }) {
  const list = document.getElementById('imports');
  if (!list) return undefined;
  document.getElementById('no-imports').hidden = true;
  const box = document.createElement('div');
  box.className = 'import';
  box.dataset.import = id;
  const link = document.createElement('a');
  link.href = `/imports/${id}`;
  link.textContent = name;
  const bar = document.createElement('progress');
  bar.max = 100;
  bar.setAttribute('aria-label', `Progress of ${name}`);
  const text = document.createElement('span');
  text.dataset.part = 'text';
  box.append(link, bar, text);
  list.append(box);
  return box;
}

if (place.dataset.live !== '') {
  const source = new EventSource(place.dataset.live);
  source.addEventListener('open', () => (badge.hidden = false));
  source.addEventListener('error', () => (badge.hidden = true));
  for (const [name, show] of Object.entries(shows)) {
    source.addEventListener(name, ({ data }) => show(JSON.parse(data)));
  }
}
