// Compiles src/ to dist/, then makes the barrel lazy: `import { Command } from 'trilite'` loads the console's file alone, not express,
// zod, Kysely and SQLite with it. What starts fast is `artisan list`, and each command that needs one room.
'use strict';

const { execFileSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');

const root = path.join(__dirname, '..');
const compiler = require.resolve('typescript/bin/tsc', { paths: [root] });

fs.rmSync(path.join(root, 'dist'), { recursive: true, force: true });
execFileSync(process.execPath, [compiler, '-p', path.join(root, 'tsconfig.json')], {
  stdio: 'inherit',
});
makeLazy(path.join(root, 'dist/index.js'));

/** Rewrites the compiled barrel: each export becomes a getter that requires its module at first use. */
function makeLazy(file) {
  const compiled = fs.readFileSync(file, 'utf8');
  const modules = new Map(
    [...compiled.matchAll(/^var (\w+) = require\("([^"]+)"\);$/gm)].map((match) => [
      match[1],
      match[2],
    ]),
  );
  const getters = [
    ...compiled.matchAll(
      /^Object\.defineProperty\(exports, "(\w+)", .* return (\w+)\.(\w+); .*$/gm,
    ),
  ];
  if (getters.length === 0 || modules.size === 0)
    throw new Error(`${file} is not what tsc used to write: mend scripts/build.js.`);
  const lines = getters.map(([, name, variable, member]) => {
    const target = JSON.stringify(modules.get(variable));
    return `Object.defineProperty(exports, "${name}", { enumerable: true, get: function () { return require(${target}).${member}; } });`;
  });
  // The last line is never run: by it Node knows the names when an ES module imports this one.
  const names = getters.map((match) => match[1]).join(', ');
  const annotation = `0 && (module.exports = { ${names} });`;
  fs.writeFileSync(
    file,
    [
      '"use strict";',
      'Object.defineProperty(exports, "__esModule", { value: true });',
      ...lines,
      annotation,
      '',
    ].join('\n'),
  );
}
