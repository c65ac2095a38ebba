'use strict';

const { Buffer } = require('node:buffer');
const fs = require('node:fs');
const path = require('node:path');
const { beforeAll, expect, test } = require('@jest/globals');
const { envFile } = require('../src/env-file.js');
const { git } = require('../src/git.js');
const { create, makeCheckout } = require('./support/checkout.js');
const { temporaryFolder } = require('./support/temporary-folder.js');

const KEY = /^APP_KEY=base64:([A-Za-z0-9+/]{43}=)$/m;

let cwd;

beforeAll(() => {
  cwd = temporaryFolder();
  const { bin } = makeCheckout();
  for (const name of ['one', 'two']) create(bin, [name, '--git'], { cwd });
});

const read = (file) => fs.readFileSync(path.join(cwd, file), 'utf8');

test('.env has a fresh key of 32 bytes and the name', () => {
  const [one, two] = ['one/.env', 'two/.env'].map((file) => KEY.exec(read(file))[1]);
  expect(Buffer.from(one, 'base64')).toHaveLength(32);
  expect(one).not.toBe(two);
  expect(read('one/.env')).toContain('APP_NAME=one\n');
});

test('.env.example has no key', () => {
  expect(read('one/.env.example')).toMatch(/^APP_KEY=$/m);
});

test('.env is for its owner alone', () => {
  expect(fs.statSync(path.join(cwd, 'one/.env')).mode & 0o777).toBe(0o600);
});

test('.env is ignored by Git, and all else is not', () => {
  const { stdout } = git(path.join(cwd, 'one'), ['status', '--short', '--ignored=matching']);
  const ignored = stdout.split('\n').filter((line) => line.startsWith('!!'));
  expect(ignored).toEqual(['!! .env']);
});

test('other lines stay, and lines that are missing are added', () => {
  const text = envFile('# Comment\nPORT=3000\nAPP_KEY=\n', 'my-app');
  expect(text.replace(KEY, 'KEY')).toBe('APP_NAME=my-app\n# Comment\nPORT=3000\nKEY\n');
});
