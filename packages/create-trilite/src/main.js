'use strict';

const { version } = require('../package.json');
const { decide } = require('./decide.js');
const { CreateError } = require('./errors.js');
const { helpText } = require('./help.js');
const { parseOptions } = require('./options.js');
const { sayError, sayReady } = require('./output.js');
const { scaffold } = require('./scaffold.js');
const { initRepository, installDependencies } = require('./steps.js');

/** Makes an application as the command line asks; the returned exit code is 0, 1, 2 (wrong usage) or 130 (cancelled). */
async function main(argv) {
  try {
    await run(parseOptions(argv));
    return 0;
  } catch (error) {
    if (!(error instanceof CreateError)) throw error;
    sayError(error);
    return error.exitCode;
  }
}

async function run(options) {
  if (options.help) return process.stdout.write(helpText);
  if (options.version) return process.stdout.write(`${version}\n`);
  const application = await decide(options);
  await scaffold(application);
  if (application.git) initRepository(application.folder);
  if (application.install) installDependencies(application.folder);
  sayReady(application);
}

module.exports = { main };
