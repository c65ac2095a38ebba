import type { EventEmitter } from 'node:events';
import { errorCode } from '../../support/errors';
import { CommandStoppedError } from '../errors';
import type { Answers, Asker, Question } from './asker';

const TYPES = {
  text: 'input',
  secret: 'password',
  confirmation: 'confirm',
  choice: 'select',
  choices: 'multiselect',
} as const satisfies Record<keyof Answers, string>;

/** Asks the person at the terminal of this process. */
export const terminalAsker: Asker = {
  async ask<K extends keyof Answers>(question: Question<K>): Promise<Answers[K]> {
    // Only here: most commands ask nothing
    const { prompt } = require('enquirer') as typeof import('enquirer');
    const { kind, text, choices } = question;
    // An empty line is the default of a secret, too, which is not shown
    const meant = (answer: Answers[K]): Answers[K] =>
      answer === '' ? (question.default ?? answer) : answer;
    try {
      const { answer } = await prompt<{ answer: Answers[K] }>({
        type: TYPES[kind],
        name: 'answer',
        message: text,
        ...(kind === 'secret' ? {} : { initial: question.default }),
        choices: choices.map(({ value, label }) => ({ name: value, message: label })),
        validate: async (answer: unknown) =>
          (await question.problemOf(meant(answer as Answers[K]))) ?? true,
        ...{ onRun: endOnceClosed },
      });
      return meant(answer);
    } catch (thrown) {
      // What it throws at Ctrl-C and Escape is no error
      if (thrown instanceof Error) throw thrown;
      throw CommandStoppedError.by('SIGINT');
    }
  },
};

/** A prompt of enquirer, as far as its types do not tell. */
interface RunningPrompt extends EventEmitter {
  readonly stop: () => void;
}

/** From Node 24 on a readline that Ctrl-C has closed cannot be paused any more, which enquirer does: its prompt would end with that error. */
function endOnceClosed(prompt: RunningPrompt): void {
  prompt.once('start', () => {
    const { stop } = prompt;
    prompt.off('close', stop);
    prompt.once('close', () => {
      try {
        stop();
      } catch (error) {
        if (errorCode(error) !== 'ERR_USE_AFTER_CLOSE') throw error;
      }
    });
  });
}
