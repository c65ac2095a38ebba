'use strict';

const fs = require('node:fs');

// Another create-trilite claims the folder right before this one does
const { mkdirSync } = fs;
fs.mkdirSync = (...parameters) => {
  fs.mkdirSync = mkdirSync;
  mkdirSync(...parameters);
  mkdirSync(...parameters);
};
