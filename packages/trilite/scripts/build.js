// Compiles src/ to dist/, then makes two files lazy: `import { Command } from 'trilite'` loads the console's file alone, not express,
// zod, Kysely and SQLite with it, and the console reads what its commands are called and take without loading them. What starts fast is
// `artisan list`, and each command that needs one room.
'use strict';

const { execFileSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const { isDeepStrictEqual } = require('node:util');

const root = path.join(__dirname, '..');
const compiler = require.resolve('typescript/bin/tsc', { paths: [root] });

fs.rmSync(path.join(root, 'dist'), { recursive: true, force: true });
execFileSync(process.execPath, [compiler, '-p', path.join(root, 'tsconfig.json')], {
  stdio: 'inherit',
});
makeLazy(path.join(root, 'dist/index.js'));
nameCommands(path.join(root, 'dist/console/built-in-commands.js'));

/** Rewrites the compiled barrel: each export becomes a getter that requires its module at first use. */
function makeLazy(file) {
  const compiled = fs.readFileSync(file, 'utf8');
  const modules = modulesOf(compiled);
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

/** Rewrites the compiled list of commands: the signatures as text, and in the place of each class one that makes the real one's instances. */
function nameCommands(file) {
  const compiled = fs.readFileSync(file, 'utf8');
  const { builtInCommands } = require(file);
  const members = [...compiled.matchAll(/^ {4}(\w+)\.(\w+),$/gm)];
  if (members.length !== builtInCommands.length)
    throw new Error(`${file} is not what tsc used to write: mend scripts/build.js.`);
  const modules = modulesOf(compiled);
  const lines = members.map(([, variable, member], index) => {
    const { signature } = builtInCommands[index];
    if (!isDeepStrictEqual(JSON.parse(JSON.stringify(signature)), signature))
      throw new Error(`The signature of ${member} holds what JSON does not keep.`);
    const load = `() => require(${JSON.stringify(modules.get(variable))}).${member}`;
    return `    lazily(${JSON.stringify(signature)}, ${load}),`;
  });
  fs.writeFileSync(
    file,
    [
      '"use strict";',
      'Object.defineProperty(exports, "__esModule", { value: true });',
      'exports.builtInCommands = [',
      ...lines,
      '];',
      'function lazily(signature, load) {',
      '    return class {',
      '        static signature = signature;',
      '        constructor() { return new (load())(); }',
      '        handle() { throw new Error("The constructor returns another object."); }',
      '    };',
      '}',
      '',
    ].join('\n'),
  );
}

/** The modules a compiled file loads, by the variable that holds them. */
function modulesOf(compiled) {
  return new Map(
    [...compiled.matchAll(/^(?:var|const) (\w+) = require\("([^"]+)"\);$/gm)].map((match) => [
      match[1],
      match[2],
    ]),
  );
}
