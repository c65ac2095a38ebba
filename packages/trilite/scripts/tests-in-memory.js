'use strict';

// SQLite syncs the disk whenever a file is created or closed, which tests do all the time, and waits for it. Their files are real ones all the
// same: only their file system lies in memory, where there is room.

const fs = require('node:fs');
const path = require('node:path');

const MEMORY = '/dev/shm';
const PREFIX = 'trilite-tests-';
const NEEDED_BYTES = 2 * 1024 ** 3;

const folder = path.join(MEMORY, `${PREFIX}${process.pid}`);

/** Has `os.tmpdir()` of jest and of all that it starts lead into memory. */
function prepare() {
  if (!hasRoom()) return;
  removeAbandoned();
  fs.mkdirSync(folder, { recursive: true });
  process.env.TMPDIR = folder;
}

/** Whether there is such a file system; containers often have a small one. */
function hasRoom() {
  try {
    const { bavail, bsize } = fs.statfsSync(MEMORY);
    return bavail * bsize >= NEEDED_BYTES;
  } catch {
    return false;
  }
}

/** A run that was killed has left its folder. */
function removeAbandoned() {
  for (const name of fs.readdirSync(MEMORY).filter((one) => one.startsWith(PREFIX))) {
    if (!fs.existsSync(`/proc/${name.slice(PREFIX.length)}`)) remove(path.join(MEMORY, name));
  }
}

function remove(one) {
  fs.rmSync(one, { recursive: true, force: true, maxRetries: 3 });
}

/** Jest's global teardown. */
module.exports = () => remove(folder);
module.exports.prepare = prepare;
