'use strict';

const { spawnSync } = require('node:child_process');

/** Runs Git in a folder, and on the repository of that folder: a hook that called us has GIT_DIR point to its own. */
function git(folder, parameters) {
  const env = Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !name.startsWith('GIT_')),
  );
  return spawnSync('git', parameters, { cwd: folder, env, encoding: 'utf8' });
}

module.exports = { git };
