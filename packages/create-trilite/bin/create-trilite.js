#!/usr/bin/env node
'use strict';

const { main } = require('../src/main.js');

main(process.argv.slice(2)).then((exitCode) => {
  process.exitCode = exitCode;
});
