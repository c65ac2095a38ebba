'use strict';

const fs = require('node:fs');

const { renameSync } = fs;
let calls = 0;
fs.renameSync = (...parameters) => {
  calls += 1;
  if (calls !== 3) return renameSync(...parameters);
  throw Object.assign(new Error('EIO: i/o error, rename'), { code: 'EIO', syscall: 'rename' });
};
