// Builds the framework after `npm ci` in its repository. Where the development dependencies are not installed (a production install of a
// built checkout), the dist/ that is there stays.
'use strict';

const fs = require('node:fs');
const path = require('node:path');

if (canBuild()) require('./build.js');
else if (!fs.existsSync(path.join(__dirname, '../dist/index.js'))) {
  console.error(
    'trilite: there is no dist/ and no TypeScript to build it with. Run "npm ci" with the development dependencies first.',
  );
  process.exitCode = 1;
}

/** A compiler alone is not enough: a production install may keep one for another package's sake, but not the types. */
function canBuild() {
  try {
    const here = { paths: [path.join(__dirname, '..')] };
    return ['typescript', '@types/better-sqlite3/package.json'].every((name) =>
      require.resolve(name, here),
    );
  } catch {
    return false;
  }
}
