'use strict';

const fs = require('node:fs');

// Somebody else writes into the target while the application is built
const { writeFileSync } = fs;
fs.writeFileSync = (...parameters) => {
  fs.writeFileSync = writeFileSync;
  writeFileSync(process.env.STRANGER, 'mine');
  writeFileSync(...parameters);
};
