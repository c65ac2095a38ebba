'use strict';

const { parseArgs } = require('node:util');
const { UsageError } = require('./errors.js');

const OPTIONS = {
  name: { type: 'string' },
  framework: { type: 'string' },
  install: { type: 'boolean' },
  git: { type: 'boolean' },
  yes: { type: 'boolean', short: 'y' },
  help: { type: 'boolean', short: 'h' },
  version: { type: 'boolean' },
};

/** What the command line says; what it leaves open is undefined. */
function parseOptions(argv) {
  const { values, positionals } = parse(argv);
  if (positionals.length > 1) throw UsageError.tooManyFolders(positionals);
  return { ...values, folder: positionals[0] };
}

function parse(args) {
  try {
    return parseArgs({ args, options: OPTIONS, allowPositionals: true, allowNegative: true });
  } catch (error) {
    // The rest of Node's message is about positionals that begin with a dash
    throw UsageError.because(error.message.split('. ')[0]);
  }
}

module.exports = { parseOptions };
