'use strict';

const fs = require('node:fs');
const path = require('node:path');
const { setImmediate: loopTurn } = require('node:timers/promises');
const { envFile } = require('./env-file.js');
const { TargetError } = require('./errors.js');
const { onInterrupt } = require('./interrupt.js');
const { applicationPackage } = require('./package-json.js');
const { mentionsRepository } = require('./repository-only.js');
const { BuildFolder } = require('./target.js');
const { templateFiles } = require('./template.js');

/** Writes the application, whole or not at all. */
async function scaffold(application) {
  const files = templateFiles();
  const build = new BuildFolder(application.folder);
  const ignoreInterrupts = onInterrupt(() => build.remove());
  try {
    build.open();
    writeFiles(build.path, files, application);
    // Writing leaves no gap for a Ctrl-C to be heard; the last moment to heed one is here
    await loopTurn();
    build.moveIntoPlace();
  } catch (error) {
    throw TargetError.from(error, application.folder);
  } finally {
    build.remove();
    ignoreInterrupts();
  }
}

function writeFiles(folder, files, application) {
  for (const file of files) write(folder, file.path, contents(file, application));
  const example = files.find((file) => file.path === '.env.example');
  const exampleText = example ? fs.readFileSync(example.source, 'utf8') : '';
  write(folder, '.env', envFile(exampleText, application.name), { mode: 0o600 });
}

function write(folder, file, data, options) {
  const target = path.join(folder, file);
  fs.mkdirSync(path.dirname(target), { recursive: true });
  fs.writeFileSync(target, data, options);
}

function contents(file, application) {
  const data = fs.readFileSync(file.source);
  if (file.path === 'package.json') {
    return `${JSON.stringify(applicationPackage(JSON.parse(data), application), null, 2)}\n`;
  }
  if (file.path === 'README.md') return data.toString().replaceAll('{{name}}', application.name);
  if (/^\.\w+ignore$/.test(file.path)) return withoutRepositoryLines(data.toString());
  return data;
}

function withoutRepositoryLines(text) {
  return text
    .split('\n')
    .filter((line) => !mentionsRepository(line))
    .join('\n');
}

module.exports = { scaffold };
