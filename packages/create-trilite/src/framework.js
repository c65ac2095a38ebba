'use strict';

const { spawnSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const { version } = require('../package.json');
const { FrameworkError, UsageError } = require('./errors.js');

const LOOKS_LIKE_PATH = /^\.|\/|\.(?:tgz|tar\.gz)$/;
const LOOKS_LIKE_RANGE = /^[\w.+\-^~<>=|* ]+$/;

/** What package.json says behind "trilite": a version range as it is, a folder or tarball as an absolute `file:`. */
function frameworkSpecifier(from = `^${version}`) {
  if (LOOKS_LIKE_PATH.test(from)) return fileSpecifier(path.resolve(from));
  if (LOOKS_LIKE_RANGE.test(from)) return from;
  throw UsageError.badFramework(from);
}

function fileSpecifier(file) {
  const found = packageName(file);
  if (found !== 'trilite') throw FrameworkError.notTrilite(file, found);
  return `file:${file}`;
}

function packageName(file) {
  const stats = fs.statSync(file, { throwIfNoEntry: false });
  if (!stats) throw FrameworkError.missing(file);
  try {
    return JSON.parse(stats.isDirectory() ? packageOfFolder(file) : packageOfTarball(file)).name;
  } catch {
    throw FrameworkError.notPackage(file);
  }
}

function packageOfFolder(folder) {
  return fs.readFileSync(path.join(folder, 'package.json'), 'utf8');
}

/** npm puts everything below "package/". */
function packageOfTarball(file) {
  return spawnSync('tar', ['-xzOf', file, 'package/package.json'], { encoding: 'utf8' }).stdout;
}

module.exports = { frameworkSpecifier };
