'use strict';

// Each test file loads its modules anew, as it should; jest also reads and compiles each of them anew, a quarter of the time of this suite. Here
// a worker does so once: what it keeps is code, and no file gets a value of another.

const path = require('node:path');
const { Script } = require('node:vm');
const { default: Runtime } = require('jest-runtime');

/** By file name: what more than one test file loads, and nothing changes while tests run. */
const transformed = new Map();
const compiled = new Map();

const PARTS = ['../src/', '../tests/helpers/', '../tests/contracts/'];
const LASTING = [
  ...PARTS.map((part) => path.join(__dirname, part)),
  `${path.sep}node_modules${path.sep}`,
];

class SharedCodeRuntime extends Runtime {
  constructor(...parameters) {
    super(...parameters);
    const globalConfig = parameters[7];
    // Someone edits sources; and coverage counts characters from where jest has a module begin.
    if (globalConfig.watch || globalConfig.watchAll || globalConfig.collectCoverage) return;
    shareTransformed(this.transformCache);
    shareCompiled(this.executor);
  }
}

// A worker that has nothing left to do ends at once. Node would take its heap apart first, for longer than the half second after which jest says
// that tests leak; what does leak keeps it from getting here.
if (process.send !== undefined) process.once('beforeExit', () => process.exit());

function shareTransformed(cache) {
  const transform = cache.transform.bind(cache);
  cache.transform = (filename, options) => {
    const known = transformed.get(filename);
    if (known === undefined) {
      const code = transform(filename, options);
      const file = cache.getEntries().get(filename);
      // Jest's own modules are taken as they are, and have no entry.
      if (file !== undefined && isLasting(filename)) transformed.set(filename, file);
      return code;
    }
    // Stacks are told in lines of the source.
    cache.getEntries().set(filename, known);
    if (known.sourceMapPath) cache.getSourceMaps().set(filename, known.sourceMapPath);
    return known.code;
  };
}

function shareCompiled(executor) {
  const compile = executor.compile.bind(executor);
  const head = `(function (${executor.injectedModuleParameters.join(', ')}) {`;
  executor.compile = (source, filename) => {
    const context = executor.environment.getVmContext();
    // An `import()` has to know the file that it stands in; a syntax error is told by jest.
    if (context === null || !isLasting(filename) || source.includes('import(')) {
      return compile(source, filename);
    }
    let script = compiled.get(filename);
    if (script === undefined) {
      script = new Script(`${head}${source}\n})`, { filename, columnOffset: -head.length });
      compiled.set(filename, script);
    }
    return script.runInContext(context);
  };
}

function isLasting(filename) {
  return LASTING.some((part) => filename.includes(part));
}

module.exports = { __esModule: true, default: SharedCodeRuntime };
