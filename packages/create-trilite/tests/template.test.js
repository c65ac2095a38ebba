'use strict';

const { spawnSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const { beforeAll, expect, test } = require('@jest/globals');
const { packedName, unpackedName } = require('../src/template.js');
const { git } = require('../src/git.js');
const { REPOSITORY_ONLY, SKELETON, create, makeCheckout } = require('./support/checkout.js');
const { filesBelow, temporaryFolder, writeFile } = require('./support/temporary-folder.js');

let checkout;

beforeAll(() => {
  checkout = makeCheckout();
});

function scaffoldFrom(bin) {
  const cwd = temporaryFolder();
  expect(create(bin, ['my-app'], { cwd }).stderr).toBe('');
  return path.join(cwd, 'my-app');
}

test('an application has what the skeleton has, a README and a .env, and nothing else', () => {
  const app = scaffoldFrom(checkout.bin);
  const topLevel = SKELETON.map((name) => name.split('/')[0]);
  expect(fs.readdirSync(app).sort()).toEqual([...topLevel, '.env', 'README.md'].sort());
  expect(filesBelow(path.join(app, 'app'))).toEqual(filesBelow(path.join(checkout.root, 'app')));
});

test('no database, .env or file unknown to Git leaves the checkout', () => {
  const leaky = makeCheckout();
  const secrets = ['.env', '.env.production', 'storage/database.sqlite', 'config/private.ts'];
  for (const file of secrets) writeFile(leaky.root, file, 'APP_KEY=secret-of-the-checkout\n');
  writeFile(leaky.root, 'storage/forced.sqlite', 'secret-of-the-checkout');
  git(leaky.root, ['add', '--force', 'storage/forced.sqlite']);
  const app = scaffoldFrom(leaky.bin);
  expect(filesBelow(app)).toEqual(filesBelow(scaffoldFrom(checkout.bin)));
  expect(filesBelow(path.join(app, 'storage'))).toEqual(['.gitignore']);
  expect(fs.readFileSync(path.join(app, '.env'), 'utf8')).not.toContain('secret-of-the-checkout');
});

test('a link that Git knows is not followed', () => {
  const linked = makeCheckout();
  writeFile(linked.root, '.env', 'secret');
  fs.symlinkSync('../.env', path.join(linked.root, 'config/link.ts'));
  git(linked.root, ['add', '--all']);
  expect(filesBelow(scaffoldFrom(linked.bin))).not.toContain('config/link.ts');
});

test('ignore files do not speak of the repository', () => {
  const spoken = makeCheckout();
  fs.appendFileSync(
    path.join(spoken.root, '.gitignore'),
    'bench/results/\npackages/x/dist/\nkept\n',
  );
  const ignored = fs.readFileSync(path.join(scaffoldFrom(spoken.bin), '.gitignore'), 'utf8');
  expect(ignored).not.toMatch(/bench|packages\//);
  expect(ignored).toContain('\nkept\n');
});

test('the README bears the name of the application', () => {
  const readme = fs.readFileSync(path.join(scaffoldFrom(checkout.bin), 'README.md'), 'utf8');
  expect(readme).toMatch(/^# my-app\n/);
  expect(readme).not.toContain('{{');
});

test('a checkout whose files Git does not list says so', () => {
  const exported = makeCheckout();
  fs.rmSync(path.join(exported.root, '.git'), { recursive: true });
  const cwd = temporaryFolder();
  const { status, stderr } = create(exported.bin, ['my-app'], { cwd });
  expect(status).toBe(1);
  expect(stderr).toContain(`Git does not list the files of the checkout "${exported.root}"`);
  expect(fs.readdirSync(cwd)).toEqual([]);
});

test('the packed tarball makes the same files as the checkout', () => {
  const unpacked = unpack(pack(checkout.package));
  const template = filesBelow(path.join(unpacked, 'template'));
  expect(template.filter((file) => /(^|\/)\./.test(file))).toEqual([]);
  expect(fs.readdirSync(checkout.package)).not.toContain('template');

  const fromTarball = scaffoldFrom(path.join(unpacked, 'bin/create-trilite.js'));
  const fromCheckout = scaffoldFrom(checkout.bin);
  expect(filesBelow(fromTarball)).toEqual(filesBelow(fromCheckout));
  for (const file of filesBelow(fromCheckout).filter((name) => name !== '.env')) {
    const read = (folder) => fs.readFileSync(path.join(folder, file), 'utf8');
    expect(read(fromTarball)).toBe(read(fromCheckout));
  }
});

test('the packed tarball has nothing of the repository', () => {
  const template = filesBelow(path.join(unpack(pack(checkout.package)), 'template'));
  expect(template.filter((file) => REPOSITORY_ONLY.includes(unpackedName(file)))).toEqual([]);
});

test.each(['.gitignore', 'storage/.gitignore', '_layout.ts', 'app/_partials/.keep', 'a_b.c'])(
  'the name %s survives packing',
  (file) => {
    expect(packedName(file)).not.toMatch(/(^|\/)\./);
    expect(unpackedName(packedName(file))).toBe(file);
  },
);

/** The tarball's path. */
function pack(folder) {
  const destination = temporaryFolder();
  const parameters = ['pack', '--json', '--pack-destination', destination];
  const { status, stderr } = spawnSync('npm', parameters, { cwd: folder, encoding: 'utf8' });
  if (status !== 0) throw new Error(stderr);
  return path.join(destination, fs.readdirSync(destination)[0]);
}

function unpack(tarball) {
  const folder = temporaryFolder();
  spawnSync('tar', ['-xzf', tarball, '-C', folder]);
  return path.join(folder, 'package');
}
