'use strict';

const { spawnSync } = require('node:child_process');
const fs = require('node:fs');

// The last moment before the application gets to its place: another create-trilite runs from beginning to end
const { renameSync } = fs;
fs.renameSync = (...parameters) => {
  fs.renameSync = renameSync;
  const env = { ...process.env, NODE_OPTIONS: '' };
  const rival = [process.argv[1], 'my-app', '--name', 'second'];
  const { status, stderr } = spawnSync(process.execPath, rival, { env, encoding: 'utf8' });
  fs.writeFileSync(process.env.RIVAL, JSON.stringify({ status, stderr }));
  renameSync(...parameters);
};
