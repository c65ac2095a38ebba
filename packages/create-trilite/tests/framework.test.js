'use strict';

const { spawnSync } = require('node:child_process');
const path = require('node:path');
const { beforeEach, expect, test } = require('@jest/globals');
const { version } = require('../package.json');
const { FrameworkError, UsageError } = require('../src/errors.js');
const { frameworkSpecifier } = require('../src/framework.js');
const { temporaryFolder, writeFile } = require('./support/temporary-folder.js');

let folder;

beforeEach(() => {
  folder = temporaryFolder();
});

test('without --framework it is the range of this version', () => {
  expect(frameworkSpecifier()).toBe(`^${version}`);
});

test.each(['0.2.0', '~1.2', '>=1 <3', '1.x || ^2.0.0-beta.1', 'latest'])(
  'the range %s stays as it is',
  (range) => {
    expect(frameworkSpecifier(range)).toBe(range);
  },
);

test('a folder becomes absolute', () => {
  writeFile(folder, 'package.json', '{"name":"trilite"}');
  const relative = `./${path.relative(process.cwd(), folder)}`;
  expect(frameworkSpecifier(relative)).toBe(`file:${folder}`);
});

test('a tarball becomes absolute', () => {
  expect(frameworkSpecifier(tarball('trilite'))).toBe(`file:${path.join(folder, 'it.tgz')}`);
});

test('what is not there is refused', () => {
  expect(() => frameworkSpecifier(`${folder}/none`)).toThrow(
    FrameworkError.missing(`${folder}/none`),
  );
});

test('a folder and a tarball of another package are refused', () => {
  writeFile(folder, 'package.json', '{"name":"express"}');
  expect(() => frameworkSpecifier(folder)).toThrow(/is "express", not "trilite"/);
  expect(() => frameworkSpecifier(tarball('express'))).toThrow(/is "express", not "trilite"/);
});

test('a folder without package.json and a file that is no tarball are refused', () => {
  expect(() => frameworkSpecifier(folder)).toThrow(FrameworkError.notPackage(folder));
  writeFile(folder, 'it.tgz', 'text');
  expect(() => frameworkSpecifier(`${folder}/it.tgz`)).toThrow(/is no npm package/);
});

test.each(['', '^1"', 'a;b'])('%j is neither path nor range', (from) => {
  expect(() => frameworkSpecifier(from)).toThrow(UsageError);
});

function tarball(name) {
  const content = temporaryFolder();
  writeFile(content, 'package/package.json', JSON.stringify({ name }));
  const file = path.join(folder, 'it.tgz');
  spawnSync('tar', ['-czf', file, '-C', content, 'package']);
  return file;
}
