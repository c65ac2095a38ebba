'use strict';

const { spawnSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const { git } = require('../../src/git.js');
const { temporaryFolder, writeFile } = require('./temporary-folder.js');

const PACKAGE = path.resolve(__dirname, '../..');
const ROOT = path.resolve(PACKAGE, '../..');

/** What the root has for an application. */
const SKELETON = [
  ...['app', 'artisan.ts', 'config', 'database', 'routes', 'tests', 'storage/.gitignore'],
  ...['public', 'resources'],
  ...['package.json', 'tsconfig.json', 'tsconfig.build.json', 'jest.config.js', 'nodemon.json'],
  ...['eslint.config.mjs', '.prettierrc.json', '.prettierignore', '.gitignore', '.env.example'],
  ...['Dockerfile', '.dockerignore'],
].filter((name) => fs.existsSync(path.join(ROOT, name)));

/** What the root has besides, known to Git. */
const REPOSITORY_ONLY = [
  ...['README.md', 'ARCHITECTURE.md', 'CHANGELOG.md', 'LICENSE', 'package-lock.json'],
  ...['.ci/run', 'bench/run.js', 'packages/trilite/src/index.ts'],
];

/** A checkout of its own in a temporary folder: the root as it stands, and this package. */
function makeCheckout() {
  const root = temporaryFolder();
  for (const name of SKELETON) copy(ROOT, root, name);
  for (const name of REPOSITORY_ONLY) writeFile(root, name, 'not for applications\n');
  const own = path.join(root, 'packages/create-trilite');
  for (const name of ['bin', 'src', 'scripts', 'stubs', 'package.json']) copy(PACKAGE, own, name);
  git(root, ['init', '--quiet']);
  git(root, ['add', '--all']);
  return { root, package: own, bin: path.join(own, 'bin/create-trilite.js') };
}

function copy(from, to, name) {
  fs.cpSync(path.join(from, name), path.join(to, name), { recursive: true });
}

/** Runs create-trilite as a process with nobody to answer. `preload` is a script that runs before it. */
function create(bin, parameters, { cwd, preload, env, ...others } = {}) {
  const options = preload ? { NODE_OPTIONS: `--require "${preload}"` } : {};
  return spawnSync(process.execPath, [bin, ...parameters], {
    cwd: cwd ?? temporaryFolder(),
    env: { ...process.env, ...options, ...env },
    encoding: 'utf8',
    ...others,
  });
}

module.exports = { REPOSITORY_ONLY, SKELETON, create, makeCheckout };
