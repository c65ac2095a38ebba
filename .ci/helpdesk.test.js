'use strict';

// examples/helpdesk as its people use it, in two windows: signing up, a ticket that arrives live, an import that is watched. The worker is
// started once the import waits, so that there is something to watch on any machine.

const { Buffer } = require('node:buffer');
const { execFileSync } = require('node:child_process');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { freePort, kill, killAll, launchBrowser, start } = require('./programs');

const example = path.join(__dirname, '../examples/helpdesk');
const home = fs.mkdtempSync(path.join(os.tmpdir(), 'trilite-helpdesk-'));
/** HELPDESK_SCREENSHOTS keeps the pictures. */
const pictures = process.env.HELPDESK_SCREENSHOTS ?? home;

let env;
let port;
let browser;
let agent;
const faults = [];

beforeAll(async () => {
  port = await freePort();
  const key = `base64:${Buffer.alloc(32, 7).toString('base64')}`;
  env = { APP_ENV: 'development', APP_KEY: key, PORT: String(port), STORAGE_PATH: home };
  execFileSync('npm', ['run', 'demo'], { cwd: example, env: { ...process.env, ...env } });
  await artisan('serve').said(/Server running on/);
  browser = await launchBrowser();
  agent = await openWindow();
});

afterAll(async () => {
  await browser?.close();
  killAll();
  fs.rmSync(home, { recursive: true, force: true });
});

test('an organisation signs up, and its agent finds the dashboard live', async () => {
  await agent.goto(`http://localhost:${port}`);
  await agent.getByText('Weather, made to measure.').waitFor();
  await agent.getByRole('link', { name: 'Get a help desk' }).click();
  await agent.getByLabel('Organisation').fill('Initech');
  await agent.getByLabel('Address').fill('initech');
  await fillIn(agent, { name: 'Peter', email: 'peter@example.com' });
  await agent.getByRole('button', { name: 'Create it' }).click();
  await agent.getByRole('link', { name: 'Open the help desk' }).click();
  await agent.getByText('Welcome, Peter.').waitFor();
  await agent.locator('#live:not([hidden])').waitFor();
});

test('a ticket of a customer without JavaScript arrives in the window of the agent', async () => {
  const customer = await openWindow({ javaScriptEnabled: false });
  await customer.goto(`http://initech.localhost:${port}/register`);
  await customer.getByLabel('E-mail').fill('milton@example.com');
  await customer.getByRole('button', { name: 'Mail me a link' }).click();
  await customer.getByText('A mail is on its way to milton@example.com').waitFor();
  await customer.goto(await linkInMail());
  await customer.getByLabel('Your name').fill('Milton');
  await customer.getByLabel('Password').fill('a long password');
  await customer.getByRole('button', { name: 'Open it' }).click();
  await customer.getByLabel('Subject').fill('My stapler is gone');
  await customer.getByLabel('What has happened?').fill('It was a red one.');
  const file = { name: 'stapler.txt', mimeType: 'text/plain', buffer: Buffer.from('red') };
  await customer.getByLabel('Files').setInputFiles(file);
  await customer.getByRole('button', { name: 'Open the ticket' }).click();
  await customer.getByText('The ticket is open.').waitFor();
  await customer.getByText('stapler.txt (1 KB)').waitFor();

  const arrival = agent.getByRole('link', { name: 'Milton opened #1 My stapler is gone' });
  await arrival.waitFor();
  await agent.locator('[data-count=open]').getByText('1').waitFor();
  await picture(agent, 'live');
  await arrival.click();
  await agent.getByLabel('Comment').fill('We are looking for it.');
  await agent.getByRole('button', { name: 'Send' }).click();
  await agent.getByText('Sent.').waitFor();
  await picture(agent, 'ticket');
  await customer.reload();
  await customer.getByText('We are looking for it.').waitFor();
});

test('an import is watched from its beginning to its end', async () => {
  await agent.getByRole('link', { name: 'Import' }).click();
  const lines = Array.from({ length: 60 }, (_, at) => `Old ticket ${at},old${at % 7}@example.com`);
  const text = ['subject,email', ...lines, ',nobody'].join('\n');
  const file = { name: 'old.csv', mimeType: 'text/csv', buffer: Buffer.from(text) };
  await agent.getByLabel('CSV file').setInputFiles(file);
  await agent.getByRole('button', { name: 'Import it' }).click();
  await agent.getByText('0 %: 0 of 61 rows').waitFor();
  await agent.locator('#live:not([hidden])').waitFor();
  const dashboard = await agent.context().newPage();
  await dashboard.goto(`http://initech.localhost:${port}/`);
  await dashboard.locator('#live:not([hidden])').waitFor();

  const worker = artisan('queue:work', '--tenants');
  await agent.getByText('100 %: 60 of 61 rows are tickets, left out: 1').waitFor();
  await agent.getByText('There is no address of a customer.').waitFor();
  await dashboard.locator('[data-import="1"][data-finished=true]').waitFor();
  await dashboard.getByText('old.csv is imported').waitFor();
  await dashboard.locator('[data-count=open]').getByText('61').waitFor();
  await picture(dashboard, 'dashboard');
  await agent.getByRole('link', { name: 'Tickets' }).click();
  await agent.getByLabel('Search').fill('old 59');
  await agent.getByRole('button', { name: 'Filter' }).click();
  await agent.getByRole('link', { name: 'Old ticket 59' }).waitFor();
  await agent.getByRole('link', { name: 'Tickets', exact: true }).click();
  await agent.getByText('Page 1 of 5').waitFor();
  await picture(agent, 'tickets');
  await worker.said(/Mail from .* to peter@example.com: New: #1 My stapler is gone/);
  kill(worker.child, 'SIGTERM');
  expect(await worker.exit).toBe(0);
});

test('the keyboard reaches the content, and no page broke its policy or threw', async () => {
  await agent.goto(`http://initech.localhost:${port}/tickets/create`);
  await agent.keyboard.press('Tab');
  await agent.keyboard.press('Enter');
  expect(new URL(agent.url()).hash).toBe('#main');
  await agent.keyboard.press('Tab');
  await agent.keyboard.type('Typed');
  expect(await agent.getByLabel('Subject').inputValue()).toBe('Typed');
  expect(faults).toEqual([]);
});

function artisan(...words) {
  const parameters = ['-r', 'ts-node/register', 'artisan.ts', ...words];
  return start('node', parameters, { cwd: example, env });
}

/** The link of the account that somebody asked for, as a worker prints it. */
async function linkInMail() {
  const worker = artisan('queue:work', '--tenants');
  await worker.said(/You did not ask for it/);
  kill(worker.child, 'SIGTERM');
  await worker.exit;
  return /http:\S+\/register\/\S+/.exec(worker.text())[0];
}

async function openWindow(options = {}) {
  const context = await browser.newContext({ viewport: { width: 1100, height: 720 }, ...options });
  context.setDefaultTimeout(30_000);
  const page = await context.newPage();
  context.on('weberror', (error) => faults.push(error.error().message));
  context.on('console', (message) => message.type() === 'error' && faults.push(message.text()));
  return page;
}

async function fillIn(page, { name, email }) {
  await page.getByLabel('Your name').fill(name);
  await page.getByLabel('E-mail').fill(email);
  await page.getByLabel('Password').fill('a long password');
}

async function picture(page, name) {
  await page.screenshot({ path: path.join(pictures, `${name}.png`) });
}
