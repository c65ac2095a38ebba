// Builds the framework after `npm ci` in its repository. Where the development dependencies are not installed (a production install of a
// built checkout), the dist/ that is there stays.
'use strict';

const fs = require('node:fs');
const path = require('node:path');

if (hasCompiler()) require('./build.js');
else if (!fs.existsSync(path.join(__dirname, '../dist/index.js'))) {
  console.error(
    'trilite: there is no dist/ and no TypeScript to build it with. Run "npm ci" with the development dependencies first.',
  );
  process.exitCode = 1;
}

function hasCompiler() {
  try {
    return Boolean(require.resolve('typescript', { paths: [path.join(__dirname, '..')] }));
  } catch {
    return false;
  }
}
