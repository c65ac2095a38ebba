'use strict';

// Without this script the form still works: the page comes back with the job in its address, and shows where it stands.
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
  const percent = state === 'running' ? ', ' + Math.round(progress) + ' %' : '';
  text.dataset.state = state;
  text.textContent = 'Job ' + id + ': ' + state + percent;
  bar.value = progress;
}

document.querySelector('form').addEventListener('submit', async (event) => {
  event.preventDefault();
  const body = new URLSearchParams(new FormData(event.target));
  try {
    await follow(await ask(event.target.action, { method: 'POST', body }));
  } catch (error) {
    text.textContent = error.message;
  }
});
