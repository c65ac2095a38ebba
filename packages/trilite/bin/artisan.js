#!/usr/bin/env node
// `npx artisan <command>`: artisan.ts through ts-node where it is installed, dist/artisan.js where the application is built.
'use strict';

const fs = require('node:fs');
const path = require('node:path');

const [major, minor] = process.versions.node.split('.').map(Number);
if (major < 20 || (major === 20 && minor < 19))
  fail(`Trilite needs Node 20.19 or newer; this is ${process.versions.node}.`);

// What a shell asks at each press of its key (`artisan completion`) waits for no compiler.
if (process.argv[2] === '--complete') {
  const { answerShell } = require('../dist/console/completion/answer');
  process.stdout.write(answerShell(process.cwd(), process.argv[1], process.argv.slice(3)));
  return;
}

const source = path.resolve('artisan.ts');
const built = path.resolve('dist/artisan.js');
const typescript = fromHere('typescript/package.json');

if (fs.existsSync(source) && typescript !== undefined && fromHere('ts-node') !== undefined) {
  const { version } = require(typescript);
  if (Number(version.split('.')[0]) >= 7) {
    fail(
      `TypeScript ${version} has no compiler API, which ts-node needs. Install 6.0: npm install --save-dev typescript@~6.0.3`,
    );
  }
  require(fromHere('ts-node')).register({ cwd: process.cwd() });
  require(source);
} else if (fs.existsSync(built)) {
  require(built);
} else {
  fail(
    'There is no artisan.ts (with ts-node and typescript installed) and no dist/artisan.js here. Go to the folder of your application.',
  );
}

function fromHere(name) {
  try {
    return require.resolve(name, { paths: [process.cwd()] });
  } catch {
    return undefined;
  }
}

function fail(message) {
  console.error(`\n  ${message}\n`);
  process.exit(1);
}
