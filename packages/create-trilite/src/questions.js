'use strict';

const { nameProblem } = require('./app-name.js');
const { CancelledError } = require('./errors.js');

/** Whether a person is there to answer. */
function canAsk() {
  return Boolean(process.stdin.isTTY && process.stdout.isTTY);
}

function askName() {
  return ask({
    type: 'input',
    message: 'What is the name of your application?',
    initial: 'my-app',
    validate: (name) => nameProblem(name) ?? true,
  });
}

function askInstall() {
  return ask({ type: 'confirm', message: 'Install the dependencies with npm?', initial: true });
}

function askGit() {
  return ask({ type: 'confirm', message: 'Make a Git repository?', initial: false });
}

async function ask(question) {
  const { prompt } = require('enquirer');
  try {
    return (await prompt({ ...question, name: 'answer' })).answer;
  } catch (error) {
    // Ctrl-C and Escape reject with an empty text
    throw error instanceof Error ? error : new CancelledError();
  }
}

module.exports = { askGit, askInstall, askName, canAsk };
