'use strict';

const { spawn } = require('node:child_process');
const { once } = require('node:events');
const fs = require('node:fs');
const path = require('node:path');
const { beforeAll, beforeEach, expect, test } = require('@jest/globals');
const { create, makeCheckout } = require('./support/checkout.js');
const { filesBelow, temporaryFolder, writeFile } = require('./support/temporary-folder.js');

const isRoot = process.getuid() === 0;
const PRELOAD = path.join(__dirname, 'support/preload');

let bin;
let whole;
let cwd;
let target;

beforeAll(() => {
  ({ bin } = makeCheckout());
  const folder = temporaryFolder();
  create(bin, ['my-app'], { cwd: folder });
  whole = filesBelow(path.join(folder, 'my-app'));
});

beforeEach(() => {
  cwd = temporaryFolder();
  target = path.join(cwd, 'my-app');
});

test('a folder that is not there is made, open to those the umask allows', () => {
  expect(create(bin, ['my-app'], { cwd }).status).toBe(0);
  expect(filesBelow(target)).toEqual(whole);
  expect(fs.statSync(target).mode & 0o777).toBe(0o777 & ~process.umask());
  expect(fs.readdirSync(cwd)).toEqual(['my-app']);
});

test('a folder that is not empty is refused and stays untouched', () => {
  writeFile(target, 'notes.txt', 'mine');
  fs.utimesSync(target, 1, 1);
  const { status, stderr } = create(bin, ['my-app'], { cwd });
  expect(status).toBe(1);
  expect(stderr).toContain(`The folder "${target}" is not empty (notes.txt).`);
  expect(stderr).toContain('Choose another folder');
  expect(filesBelow(cwd)).toEqual(['my-app/notes.txt']);
  expect(fs.statSync(target).mtimeMs).toBe(1000);
  expect(fs.readFileSync(path.join(target, 'notes.txt'), 'utf8')).toBe('mine');
});

test('an empty folder is filled and stays the same folder', () => {
  fs.mkdirSync(target);
  const { ino } = fs.statSync(target);
  expect(create(bin, ['.'], { cwd: target }).status).toBe(0);
  expect(filesBelow(target)).toEqual(whole);
  expect(fs.readdirSync(target)).not.toContain('.create-trilite');
  expect(fs.statSync(target).ino).toBe(ino);
});

test('a folder with only a .git is filled, and its .git stays', () => {
  writeFile(target, '.git/HEAD', 'ref: refs/heads/mine\n');
  expect(create(bin, ['my-app'], { cwd }).status).toBe(0);
  expect(filesBelow(target)).toEqual(whole);
  expect(filesBelow(path.join(target, '.git'))).toEqual(['HEAD']);
});

test('a target that is a file is refused', () => {
  writeFile(cwd, 'my-app', 'mine');
  const { status, stderr } = create(bin, ['my-app'], { cwd });
  expect(status).toBe(1);
  expect(stderr).toContain(`"${target}" is there and is not a folder.`);
  expect(fs.readFileSync(target, 'utf8')).toBe('mine');
});

test('a missing parent is named', () => {
  const { status, stderr } = create(bin, ['no/where/my-app'], { cwd });
  expect(status).toBe(1);
  expect(stderr).toContain(`there is no folder "${path.join(cwd, 'no/where')}"`);
  expect(fs.readdirSync(cwd)).toEqual([]);
});

test('a parent that cannot be written is named', () => {
  fs.chmodSync(cwd, 0o555);
  const nobody = isRoot ? { uid: 65534, gid: 65534 } : {};
  const { status, stderr } = create(bin, ['my-app'], { cwd, ...nobody });
  expect(status).toBe(1);
  expect(stderr).toMatch(new RegExp(`"${target}" cannot be written: EACCES.*\n\n.*permissions`));
  expect(fs.readdirSync(cwd)).toEqual([]);
});

test.each(['missing', 'empty'])('a Ctrl-C while writing leaves a %s folder as it was', (state) => {
  if (state === 'empty') fs.mkdirSync(target);
  const preload = path.join(PRELOAD, 'interrupt-while-writing.js');
  const { status, stderr } = create(bin, ['my-app'], { cwd, preload });
  expect(status).toBe(130);
  expect(stderr).toContain('Stopped; nothing was made.');
  expect(fs.readdirSync(cwd)).toEqual(state === 'empty' ? ['my-app'] : []);
  expect(filesBelow(cwd)).toEqual([]);
});

test.each(['missing', 'empty'])('a full disk leaves a %s folder as it was', (state) => {
  if (state === 'empty') fs.mkdirSync(target);
  const preload = path.join(PRELOAD, 'full-disk.js');
  const { status, stderr } = create(bin, ['my-app'], { cwd, preload });
  expect(status).toBe(1);
  expect(stderr).toContain(`"${target}" cannot be written: ENOSPC`);
  expect(fs.readdirSync(cwd)).toEqual(state === 'empty' ? ['my-app'] : []);
  expect(filesBelow(cwd)).toEqual([]);
});

test('an error while moving into an empty folder leaves it empty', () => {
  fs.mkdirSync(target);
  const preload = path.join(PRELOAD, 'third-rename-fails.js');
  const { status, stderr } = create(bin, ['my-app'], { cwd, preload });
  expect(status).toBe(1);
  expect(stderr).toContain(`"${target}" cannot be written: EIO`);
  expect(fs.readdirSync(target)).toEqual([]);
});

test('what a stranger puts into the folder meanwhile stays, alone', () => {
  fs.mkdirSync(target);
  const preload = path.join(PRELOAD, 'stranger-writes.js');
  const stranger = path.join(target, 'package.json');
  const { status, stderr } = create(bin, ['my-app'], { cwd, preload, env: { STRANGER: stranger } });
  expect(status).toBe(1);
  expect(stderr).toContain('is not empty (package.json)');
  expect(filesBelow(target)).toEqual(['package.json']);
  expect(fs.readFileSync(stranger, 'utf8')).toBe('mine');
});

test('what another create-trilite claims at the last moment stays its own', () => {
  fs.mkdirSync(target);
  const preload = path.join(PRELOAD, 'rival-claims.js');
  const { status, stderr } = create(bin, ['my-app'], { cwd, preload });
  expect(status).toBe(1);
  expect(stderr).toContain(`Another create-trilite is filling "${target}".`);
  expect(fs.readdirSync(target)).toEqual(['.create-trilite']);
});

test.each([
  { state: 'missing', winner: 'second', message: 'is not empty' },
  { state: 'empty', winner: 'first', message: 'Another create-trilite is filling' },
])('of two, the second within the first, in a $state folder the $winner wins', (row) => {
  if (row.state === 'empty') fs.mkdirSync(target);
  const preload = path.join(PRELOAD, 'rival.js');
  const result = path.join(temporaryFolder(), 'rival.json');
  const first = create(bin, ['my-app', '--name', 'first'], {
    cwd,
    preload,
    env: { RIVAL: result },
  });
  const second = JSON.parse(fs.readFileSync(result));
  const [winner, loser] = row.winner === 'first' ? [first, second] : [second, first];
  expect([winner.status, loser.status]).toEqual([0, 1]);
  expect(loser.stderr).toContain(row.message);
  expectWhole(row.winner);
});

test.each(['missing', 'empty'])('of two at once in a %s folder one wins', async (state) => {
  if (state === 'empty') fs.mkdirSync(target);
  const names = ['first', 'second'];
  const ends = await Promise.all(names.map(startAndEnd));
  expect(ends.map(({ code }) => code).sort()).toEqual([0, 1]);
  expectWhole(names[ends.findIndex(({ code }) => code === 0)]);
  expect(ends.find(({ code }) => code === 1).stderr).toMatch(/is not empty|is filling/);
});

function expectWhole(name) {
  expect(filesBelow(target)).toEqual(whole);
  expect(JSON.parse(fs.readFileSync(path.join(target, 'package.json'))).name).toBe(name);
  expect(fs.readdirSync(cwd)).toEqual(['my-app']);
}

async function startAndEnd(name) {
  const child = spawn(process.execPath, [bin, 'my-app', '--name', name], { cwd });
  let stderr = '';
  child.stderr.on('data', (text) => (stderr += text));
  const [code] = await once(child, 'close');
  return { code, stderr };
}
