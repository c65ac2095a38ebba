'use strict';

const fs = require('node:fs');
const path = require('node:path');
const { beforeAll, beforeEach, expect, test } = require('@jest/globals');
const { create, makeCheckout } = require('./support/checkout.js');
const { temporaryFolder } = require('./support/temporary-folder.js');

let bin;
let cwd;

beforeAll(() => {
  ({ bin } = makeCheckout());
});

beforeEach(() => {
  cwd = temporaryFolder();
});

/** Runs it where a program is a shell script of ours. */
function createWith(program, script, parameters, env = {}) {
  const programs = temporaryFolder();
  fs.writeFileSync(path.join(programs, program), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
  const PATH = `${programs}:${process.env.PATH}`;
  return create(bin, ['my-app', ...parameters], { cwd, env: { ...env, PATH } });
}

test('--install runs npm in the new folder, for everybody to see', () => {
  const { status, stdout } = createWith('npm', 'echo "npm $* in $(pwd)"', ['--install']);
  expect(status).toBe(0);
  expect(stdout).toContain(`npm install in ${path.join(cwd, 'my-app')}\n`);
  expect(stdout).not.toContain('➜ npm install');
});

test('when npm fails, the application stays and the error says how to go on', () => {
  const { status, stdout, stderr } = createWith('npm', 'exit 7', ['--install']);
  expect(status).toBe(1);
  expect(stdout).toBe('');
  expect(stderr).toContain(
    `"npm install" failed. The application itself is ready in "${cwd}/my-app"`,
  );
  expect(stderr).toContain('Run "npm install" there, then "npm run dev".');
  expect(fs.existsSync(path.join(cwd, 'my-app/.env'))).toBe(true);
});

test('--no-install does not run npm', () => {
  expect(createWith('npm', 'exit 7', ['--install', '--no-install']).status).toBe(0);
});

test('--git makes a repository', () => {
  expect(create(bin, ['my-app', '--git'], { cwd }).status).toBe(0);
  expect(fs.existsSync(path.join(cwd, 'my-app/.git/HEAD'))).toBe(true);
});

test('--git makes it there even when a Git hook calls', () => {
  const other = path.join(temporaryFolder(), 'other.git');
  expect(create(bin, ['my-app', '--git'], { cwd, env: { GIT_DIR: other } }).status).toBe(0);
  expect(fs.existsSync(path.join(cwd, 'my-app/.git/HEAD'))).toBe(true);
  expect(fs.existsSync(other)).toBe(false);
});

test('when git init fails, the application stays and the error says how to go on', () => {
  const script = `[ "$1" = init ] && exit 3; PATH="\${PATH#*:}" exec git "$@"`;
  const { status, stderr } = createWith('git', script, ['--git']);
  expect(status).toBe(1);
  expect(stderr).toContain('"git init" failed. The application itself is ready');
  expect(fs.existsSync(path.join(cwd, 'my-app/.env'))).toBe(true);
});
