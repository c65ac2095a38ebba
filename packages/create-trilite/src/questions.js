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
    return (await prompt({ ...question, name: 'answer', onRun: endOnceClosed })).answer;
  } catch (error) {
    // Ctrl-C and Escape reject with an empty text
    throw error instanceof Error ? error : new CancelledError();
  }
}

/** From Node 24 on a readline that Ctrl-C has closed cannot be paused any more, which enquirer does: its prompt would end with that error. */
function endOnceClosed(prompt) {
  prompt.once('start', () => {
    const { stop } = prompt;
    prompt.off('close', stop);
    prompt.once('close', () => {
      try {
        stop();
      } catch (error) {
        if (error.code !== 'ERR_USE_AFTER_CLOSE') throw error;
      }
    });
  });
}

module.exports = { askGit, askInstall, askName, canAsk };
