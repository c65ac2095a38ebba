'use strict';

const { spawnSync } = require('node:child_process');
const { StepError } = require('./errors.js');
const { git } = require('./git.js');

/** Makes the application's folder a Git repository. */
function initRepository(folder) {
  const { status, stderr } = git(folder, ['init', '--quiet']);
  if (status === 0) return;
  process.stderr.write(stderr ?? '');
  throw StepError.failed('git init', folder);
}

/** Runs `npm install` in the application's folder, for everybody to see. */
function installDependencies(folder) {
  const { status } = spawnSync('npm', ['install'], { cwd: folder, stdio: 'inherit' });
  if (status !== 0) throw StepError.failed('npm install', folder);
}

module.exports = { initRepository, installDependencies };
