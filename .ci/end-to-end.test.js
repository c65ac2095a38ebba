'use strict';

// The whole way of a new user, with what would be published: pack, scaffold, install, test, migrate, serve, dispatch, work, look into the
// files; then the same built, without ts-node; then `npm run dev` with a real browser.

const { execFileSync, spawnSync } = require('node:child_process');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { createRequire } = require('node:module');
const { freePort, kill, killAll, launchBrowser, start } = require('./programs');
const { follow } = require('./tour');

const root = path.join(__dirname, '..');
const home = fs.mkdtempSync(path.join(os.tmpdir(), 'trilite-e2e-'));
const app = path.join(home, 'my-app');

beforeAll(() => {
  const [trilite, create] = ['trilite', 'create-trilite'].map(pack);
  const scaffolder = path.join(home, 'scaffolder');
  fs.mkdirSync(scaffolder);
  run('npm', ['install', '--no-audit', '--no-fund', '--prefix', scaffolder, create], home);
  const bin = path.join(scaffolder, 'node_modules/.bin/create-trilite');
  run(bin, ['my-app', '--framework', trilite, '--no-install', '--no-git'], home);
  run('npm', ['install', '--no-audit', '--no-fund'], app);
});

afterAll(() => {
  killAll();
  fs.rmSync(home, { recursive: true, force: true });
});

test('the new application has what the skeleton has, its own name, and a key nobody else has', () => {
  const manifest = JSON.parse(fs.readFileSync(path.join(app, 'package.json'), 'utf8'));
  expect(manifest).toMatchObject({ name: 'my-app', private: true, scripts: { test: 'jest' } });
  expect(manifest).not.toHaveProperty('workspaces');
  expect(fs.existsSync(path.join(app, 'packages'))).toBe(false);
  expect(fs.readFileSync(path.join(app, '.env'), 'utf8')).toMatch(/^APP_KEY=base64:.{44}$/m);
  expect(fs.readFileSync(path.join(app, '.gitignore'), 'utf8')).toMatch(/^\.env$/m);
});

test.each([['test'], ['types'], ['lint'], ['format:check']])(
  'npm run %s passes in it',
  (script) => {
    run('npm', ['run', script], app);
  },
);

test('the tour leads where it says, step by step', async () => {
  const folder = path.join(home, 'linkbox');
  fs.cpSync(app, folder, { recursive: true, verbatimSymlinks: true });
  const port = await freePort();
  await follow(path.join(root, 'packages/trilite/docs/tour.md'), {
    folder,
    port,
    type: (command) => run('bash', ['-c', `set -e\n${command}`], folder),
    dev: async () => {
      const dev = start('npm', ['run', 'dev'], { cwd: folder, env: { PORT: String(port) } });
      await dev.said(/Server running on/);
      await dev.said(/Processing jobs/);
      return {
        interrupt: async () => {
          kill(dev.child, 'SIGINT');
          await dev.exit;
        },
      };
    },
  });
});

test('what every make:… makes is well formed, compiles, passes lint and runs', () => {
  const made = [
    ['make:factory', 'Visit', '--table=reports'],
    ['make:controller', 'Post'],
    ['make:controller', 'Invoice', '--api'],
    ['make:controller', 'Comment', '--resource'],
    ['make:job', 'SendReport'],
    ['make:command', 'Greet'],
    ['make:middleware', 'NoStore'],
    ['make:migration', 'tidy_up'],
    ['make:migration', 'create_posts', '--connection=spare'],
    ['make:migration', 'add_slug_to_posts', '--connection=spare'],
    ['make:migration', 'create_notes', '--tenant'],
    ['make:seeder', 'Post'],
    ['make:provider', 'Mail'],
    ['make:event', 'OrderPlaced'],
    ['make:listener', 'SendReceipt', '--event=OrderPlaced'],
    ['make:listener', 'CountOrders', '--event=OrderPlaced', '--queued'],
    ['make:view', 'posts/show'],
    ['make:test', 'posts'],
    ['make:test', 'notes', '--tenant'],
    ['make:test', 'sums', '--unit'],
  ].map((words) => /DONE +(\S+) is made/.exec(artisan(...words))[1]);
  // Of connections and tenants that this application has not: well formed, and no more
  const foreign = made.filter((file) => /migrations\/(spare|tenant)|notes\.test/.test(file));
  const sources = made.filter((file) => file.endsWith('.ts'));
  run('npx', ['prettier', '--check', ...sources], app);
  run('npx', ['eslint', ...sources], app);
  artisan('view:check');
  run('npm', ['run', 'types'], app);
  for (const file of foreign) fs.rmSync(path.join(app, file));
  fs.rmSync(path.join(app, 'database/migrations/spare'), { recursive: true });
  fs.rmSync(path.join(app, 'database/migrations/tenant'), { recursive: true });
  expect(artisan('app:greet', 'you', '--loud')).toContain('HELLO YOU');
  run('npm', ['test'], app);
});

test('list --json is valid JSON on standard output with nothing else', () => {
  const commands = JSON.parse(artisan('list', '--json'));
  expect(commands.map(({ name }) => name)).toEqual(
    expect.arrayContaining(['queue:work', 'migrate', 'report:list']),
  );
});

test('an unknown command is answered with the nearest names and exit code 1', () => {
  const { status, stdout, stderr } = spawnSync('npx', ['ts-node', 'artisan.ts', 'migrat'], {
    cwd: app,
    encoding: 'utf8',
  });
  expect({ status, stdout }).toEqual({ status: 1, stdout: '' });
  expect(stderr).toContain('"migrate"');
});

test('the types of tables and routes are what migrations and routes make', () => {
  artisan('db:types', '--check');
  artisan('route:types', '--check');
});

test('a job dispatched over HTTP is run by the worker, and its effect is in the files', async () => {
  artisan('migrate');
  // Not through npx, which answers a signal with its own exit instead of the server's.
  const server = await serve('node', [
    'node_modules/.bin/ts-node',
    'artisan.ts',
    'serve',
    '--port',
    '0',
  ]);
  await dispatchAndWork(server, () => artisan('queue:work', '--stop-when-empty'));
});

test('each of the three files is WAL, and holds what its role says and nothing else', () => {
  const tables = (name) =>
    query(
      `${name}.sqlite`,
      "select name from sqlite_schema where type = 'table' and name not like 'sqlite_%' order by name",
    ).map((row) => row.name);
  expect(tables('database')).toEqual([
    'file_generation',
    'migrations',
    'outbox',
    'reports',
    'sessions',
  ]);
  expect(tables('cache')).toEqual([
    'cache_claims',
    'cache_counts',
    'cache_entries',
    'cache_tags',
    'migrations',
  ]);
  expect(tables('queue')).toEqual([
    'failed_jobs',
    'file_generation',
    'job_attempts',
    'job_batches',
    'job_counts',
    'job_keys',
    'job_lines',
    'jobs',
    'locks',
    'migrations',
    'outbox',
    'queue_signals',
    'rate_limits',
    'relayed',
    'schedule_pauses',
    'schedule_runs',
    'schedule_tasks',
  ]);
  for (const name of ['database', 'cache', 'queue']) {
    expect(query(`${name}.sqlite`, 'pragma journal_mode')).toEqual([{ journal_mode: 'wal' }]);
  }
});

test('built, it serves and works without ts-node', async () => {
  run('npm', ['run', 'build'], app);
  run('node', ['dist/artisan.js', 'migrate'], app);
  const server = await serve('node', ['dist/artisan.js', 'serve', '--port', '0']);
  await dispatchAndWork(server, () =>
    run('node', ['dist/artisan.js', 'queue:work', '--stop-when-empty'], app),
  );
});

test('built, it runs without its development dependencies', () => {
  const copy = path.join(home, 'production');
  fs.cpSync(app, copy, { recursive: true, verbatimSymlinks: true });
  run('npm', ['prune', '--omit=dev', '--no-audit', '--no-fund'], copy);
  expect(fs.existsSync(path.join(copy, 'node_modules/typescript'))).toBe(false);
  run('node', ['dist/artisan.js', 'migrate:status', '--pending'], copy);
  run('node', ['dist/artisan.js', 'queue:work', '--stop-when-empty'], copy);
  const seeding = spawnSync('node', ['dist/artisan.js', 'db:seed', '--force'], {
    cwd: copy,
    encoding: 'utf8',
  });
  expect(seeding.status).toBe(1);
  expect(seeding.stderr).toContain('npm install --save-dev @faker-js/faker');
});

describe('npm run dev', () => {
  let dev;
  let address;

  beforeAll(async () => {
    fs.rmSync(path.join(app, '.env'));
    for (const name of fs.readdirSync(path.join(app, 'storage'))) {
      if (name.includes('.sqlite')) fs.rmSync(path.join(app, 'storage', name));
    }
    const port = await freePort();
    dev = start('npm', ['run', 'dev'], { cwd: app, env: { PORT: String(port) } });
    await dev.said(/Server running on/);
    await dev.said(/Processing jobs/);
    address = `http://localhost:${port}`;
  });

  test('makes .env with a key, and the three files', () => {
    expect(fs.readFileSync(path.join(app, '.env'), 'utf8')).toMatch(/^APP_KEY=base64:.{44}$/m);
    expect(dev.text()).toMatch(/trilite\/queue\/0001_create_jobs \.+ .*DONE/);
  });

  test('shows the job finishing in a browser', async () => {
    const browser = await launchBrowser();
    try {
      const page = await browser.newPage();
      const faults = [];
      page.on('pageerror', (error) => faults.push(error.message));
      await page.goto(address);
      await page.getByText('Trilite is running').waitFor();
      await page.getByRole('button', { name: 'Build a report' }).click();
      await page.locator('#job[data-state=running]').waitFor();
      await page.locator('#job[data-state=done]').waitFor();
      expect(await page.locator('#progress').evaluate((bar) => bar.value)).toBe(100);
      if (process.env.TRILITE_SCREENSHOT)
        await page.screenshot({ path: process.env.TRILITE_SCREENSHOT, fullPage: true });
      expect(faults).toEqual([]);

      const plain = await (await browser.newContext({ javaScriptEnabled: false })).newPage();
      await plain.goto(address);
      for (const file of ['database.sqlite', 'cache.sqlite', 'queue.sqlite'])
        await plain.getByText(file).waitFor();
      await plain.getByRole('button', { name: 'Build a report' }).click();
      await plain
        .locator('#job')
        .getByText(/waiting|running|done/)
        .waitFor();
    } finally {
      await browser.close();
    }
  });

  test('reloads the web server when a file changes', async () => {
    const before = dev.text().split('Server running on').length;
    const routes = path.join(app, 'routes/api.ts');
    fs.writeFileSync(routes, fs.readFileSync(routes, 'utf8').replace("'/version'", "'/release'"));
    await dev.until((text) => text.split('Server running on').length > before);
    expect((await fetch(`${address}/api/release`)).status).toBe(200);
  });

  test('shows a changed template without a restart', async () => {
    const template = path.join(app, 'resources/views/welcome.eta');
    const text = fs.readFileSync(template, 'utf8');
    fs.writeFileSync(template, text.replace('Trilite is running', 'Trilite has changed'));
    expect(await (await fetch(address)).text()).toContain('Trilite has changed');
  });

  test('stops cleanly on Ctrl-C and leaves no process behind', async () => {
    kill(dev.child, 'SIGINT');
    await dev.exit;
    expect(dev.text()).not.toMatch(/error|SIGKILL/i);
    expect(processesIn(app)).toEqual([]);
    await expect(fetch(address)).rejects.toThrow();
  });
});

async function dispatchAndWork(server, work) {
  expect(await (await fetch(server.address)).text()).toContain('Trilite is running');
  const post = await fetch(`${server.address}/reports`, {
    method: 'POST',
    headers: { Accept: 'application/json', 'Sec-Fetch-Site': 'same-origin' },
  });
  expect(post.status).toBe(202);
  const { id } = await post.json();
  expect(query('queue.sqlite', `select state from jobs where id = '${id}'`)).toEqual([
    { state: 'waiting' },
  ]);
  work();
  expect(query('queue.sqlite', `select state, progress from jobs where id = '${id}'`)).toEqual([
    { state: 'done', progress: 100 },
  ]);
  expect(
    query('database.sqlite', `select count(*) as reports from reports where id = '${id}'`),
  ).toEqual([{ reports: 1 }]);
  expect(await (await fetch(`${server.address}/reports/${id}`)).json()).toMatchObject({
    id,
    state: 'done',
  });
  kill(server.child, 'SIGTERM');
  expect(await server.exit).toBe(0);
}

function pack(name) {
  const output = execFileSync('npm', ['pack', '--json', '--pack-destination', home], {
    cwd: path.join(root, 'packages', name),
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const packed = JSON.parse(output.slice(output.search(/^[[{]/m)));
  return path.join(home, (Array.isArray(packed) ? packed[0] : Object.values(packed)[0]).filename);
}

function run(command, parameters, cwd) {
  const { status, stdout, stderr } = spawnSync(command, parameters, { cwd, encoding: 'utf8' });
  if (status !== 0)
    throw new Error(
      `${command} ${parameters.join(' ')} ended with ${status}\n${stdout}\n${stderr}`,
    );
  return stdout;
}

function artisan(...parameters) {
  return run('npx', ['ts-node', 'artisan.ts', ...parameters], app);
}

async function serve(command, parameters) {
  const server = start(command, parameters, { cwd: app });
  const [, address] = /\[(http:.*?)\]/.exec(await server.said(/Server running on \[http:.*?\]/));
  return { ...server, address };
}

function query(file, sql) {
  const Database = createRequire(path.join(app, 'package.json'))('better-sqlite3');
  const db = new Database(path.join(app, 'storage', file), { readonly: true });
  try {
    return db.prepare(sql).all();
  } finally {
    db.close();
  }
}

/** The processes that have a folder as their working directory. */
function processesIn(folder) {
  return fs
    .readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => {
      try {
        return fs.readlinkSync(`/proc/${pid}/cwd`) === folder;
      } catch {
        return false;
      }
    });
}
