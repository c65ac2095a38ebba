'use strict';

const fs = require('node:fs');

// A Ctrl-C, as soon as the first file is written
const { writeFileSync } = fs;
fs.writeFileSync = (...parameters) => {
  fs.writeFileSync = writeFileSync;
  writeFileSync(...parameters);
  process.kill(process.pid, 'SIGINT');
};
