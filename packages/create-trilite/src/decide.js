'use strict';

const path = require('node:path');
const { nameProblem } = require('./app-name.js');
const { UsageError } = require('./errors.js');
const { frameworkSpecifier } = require('./framework.js');
const { askGit, askInstall, askName, canAsk } = require('./questions.js');
const { refuseTaken } = require('./target.js');

/** Settles everything about the application before anything is written; what the options leave open is asked on a terminal. */
async function decide(options) {
  const asks = canAsk() && !options.yes;
  const { name, folder } = await nameAndFolder(options, asks);
  const framework = frameworkSpecifier(options.framework);
  refuseTaken(folder);
  const install = options.install ?? (asks && (await askInstall()));
  const git = options.git ?? (asks && (await askGit()));
  return { name, folder, framework, install, git };
}

async function nameAndFolder(options, asks) {
  const name = options.name ?? (await nameWithoutOption(options.folder, asks));
  if (!name) throw UsageError.nameMissing();
  const problem = nameProblem(name);
  if (problem) throw UsageError.badName(name, problem);
  return { name, folder: path.resolve(options.folder || name.split('/').pop()) };
}

async function nameWithoutOption(folder, asks) {
  if (folder) return path.basename(path.resolve(folder));
  return asks ? askName() : undefined;
}

module.exports = { decide };
