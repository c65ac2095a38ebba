'use strict';

const fs = require('node:fs');

// The disk has room for all but package.json
const { writeFileSync } = fs;
fs.writeFileSync = (file, ...others) => {
  if (!file.endsWith('package.json')) return writeFileSync(file, ...others);
  const message = 'ENOSPC: no space left on device, write';
  throw Object.assign(new Error(message), { code: 'ENOSPC', syscall: 'write' });
};
