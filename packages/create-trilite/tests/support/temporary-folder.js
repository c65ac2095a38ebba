'use strict';

const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { afterAll } = require('@jest/globals');

const folders = [];

afterAll(() => {
  for (const folder of folders) fs.rmSync(folder, { recursive: true, force: true });
});

/** A new empty folder that other users may look into; it goes when the test file is done. */
function temporaryFolder() {
  // macOS has its temporary folder behind a link
  const folder = fs.mkdtempSync(path.join(fs.realpathSync(os.tmpdir()), 'create-trilite-'));
  fs.chmodSync(folder, 0o755);
  folders.push(folder);
  return folder;
}

/** Every file below a folder, but for those of Git. */
function filesBelow(folder) {
  return fs
    .readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => !entry.isDirectory())
    .map((entry) => path.relative(folder, path.join(entry.parentPath, entry.name)))
    .filter((file) => !file.startsWith('.git/'))
    .sort();
}

function writeFile(folder, file, text = '') {
  fs.mkdirSync(path.dirname(path.join(folder, file)), { recursive: true });
  fs.writeFileSync(path.join(folder, file), text);
}

module.exports = { filesBelow, temporaryFolder, writeFile };
