'use strict';

const fs = require('node:fs');
const path = require('node:path');
const { beforeAll, beforeEach, expect, test } = require('@jest/globals');
const { version } = require('../package.json');
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

const read = (file) => fs.readFileSync(path.join(cwd, file), 'utf8');

test.each([
  { parameters: ['my-app', '--color'], message: "Unknown option '--color'.\n" },
  {
    parameters: ['my-app', '--framework'],
    message: "Option '--framework <value>' argument missing.",
  },
  { parameters: ['one', 'two'], message: 'Expected one folder, got 2: "one", "two".' },
  { parameters: [], message: 'The name of the application is missing.' },
  { parameters: ['--yes'], message: 'The name of the application is missing.' },
  { parameters: [''], message: 'The name of the application is missing.' },
  { parameters: ['My App'], message: '"My App" cannot be the application\'s name' },
  { parameters: ['node_modules'], message: 'npm reserves it' },
  { parameters: ['a'.repeat(215)], message: 'longer than 214 characters' },
  {
    parameters: ['my-app', '--name', '../up'],
    message: '"../up" cannot be the application\'s name',
  },
  { parameters: ['my-app', '--framework', '^1; rm'], message: '"^1; rm" is no folder, tarball or' },
])('$parameters is wrong usage', ({ parameters, message }) => {
  const { status, stdout, stderr } = create(bin, parameters, { cwd });
  expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
  expect(stderr).toContain(message);
  expect(stderr.trim().split('\n')).toHaveLength(3);
  expect(fs.readdirSync(cwd)).toEqual([]);
});

test('--help tells every option and makes nothing', () => {
  const { status, stdout } = create(bin, ['my-app', '--help'], { cwd });
  expect(status).toBe(0);
  for (const name of ['name', 'framework', 'install', 'no-install', 'git', 'no-git', 'yes']) {
    expect(stdout).toContain(`--${name}`);
  }
  expect(fs.readdirSync(cwd)).toEqual([]);
});

test('--version tells the version', () => {
  expect(create(bin, ['--version'], { cwd }).stdout).toBe(`${version}\n`);
});

test('--name names the application, the folder argument its place', () => {
  expect(create(bin, ['here', '--name', '@acme/shop'], { cwd }).status).toBe(0);
  expect(JSON.parse(read('here/package.json')).name).toBe('@acme/shop');
  expect(read('here/.env')).toContain('APP_NAME=@acme/shop\n');
});

test('--name alone names the folder too, without the scope', () => {
  expect(create(bin, ['--name', '@acme/shop'], { cwd }).status).toBe(0);
  expect(fs.readdirSync(cwd)).toEqual(['shop']);
});

test('without a terminal nothing is asked, installed or put under Git', () => {
  expect(create(bin, ['my-app'], { cwd }).status).toBe(0);
  expect(fs.readdirSync(path.join(cwd, 'my-app'))).not.toEqual(
    expect.arrayContaining([expect.stringMatching(/^(node_modules|\.git)$/)]),
  );
});

test('the end tells the next steps, without colour where there is no terminal', () => {
  const { stdout } = create(bin, ['my-app'], { cwd });
  expect(stdout).toContain('INFO  Application ready in [my-app].');
  expect(stdout).toMatch(/➜ cd my-app\n {2}➜ npm install\n {2}➜ npm run dev\n/);
  expect(stdout).not.toContain('\u001b');
});

test('the next steps quote a folder for the shell, and leave out the one we are in', () => {
  fs.mkdirSync(path.join(cwd, "it's"));
  const inside = create(bin, ["it's/my-app"], { cwd }).stdout;
  expect(inside).toContain("➜ cd 'it'\\''s/my-app'\n");
  fs.mkdirSync(path.join(cwd, 'here'));
  expect(create(bin, ['.'], { cwd: path.join(cwd, 'here') }).stdout).not.toContain('➜ cd');
});
