'use strict';

const { mentionsRepository } = require('./repository-only.js');

/** What the skeleton says of itself, and an application says for itself or not at all. */
const OURS = [
  'workspaces',
  'license',
  'description',
  'author',
  'repository',
  'homepage',
  'bugs',
  'keywords',
];

/** The application's package.json, made of the skeleton's: its own name, its framework, and no trace of this repository. */
function applicationPackage(skeleton, { name, framework }) {
  const kept = Object.entries(skeleton).filter(([key]) => !OURS.includes(key));
  return {
    ...Object.fromEntries(kept),
    name,
    version: '0.1.0',
    private: true,
    scripts: applicationScripts(skeleton.scripts),
    dependencies: { ...skeleton.dependencies, trilite: framework },
  };
}

/** Of "jest && npm test --workspaces" an application keeps "jest"; a script with nothing left goes. */
function applicationScripts(scripts) {
  return Object.fromEntries(
    Object.entries(scripts)
      .map(([name, script]) => [name, withoutRepository(script)])
      .filter(([, script]) => script !== ''),
  );
}

function withoutRepository(script) {
  const commands = script.split('&&').map((command) => command.trim());
  return commands.filter((command) => !mentionsRepository(command)).join(' && ');
}

module.exports = { applicationPackage };
