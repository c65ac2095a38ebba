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
      });
      return meant(answer);
    } catch (thrown) {
      // What it throws at Ctrl-C and Escape is no error
      if (thrown instanceof Error) throw thrown;
      throw CommandStoppedError.by('SIGINT');
    }
  },
};
