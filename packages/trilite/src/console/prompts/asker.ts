/** What is answered to a question of each kind. */
export interface Answers {
  readonly text: string;
  readonly secret: string;
  readonly confirmation: boolean;
  readonly choice: string;
  readonly choices: readonly string[];
}

/** One of several answers: what it is, and how a person reads it. */
export interface Choice {
  readonly value: string;
  readonly label: string;
}

/** A question to a person. */
export interface Question<K extends keyof Answers = keyof Answers> {
  readonly kind: K;
  readonly text: string;
  /** What can be chosen; none for other kinds. */
  readonly choices: readonly Choice[];
  /** The answer that an empty line gives. */
  readonly default: Answers[K] | undefined;
  /** What is wrong with an answer; undefined when it is right. */
  readonly problemOf: (answer: Answers[K]) => Promise<string | undefined>;
}

/** Puts questions to somebody: a person at a terminal, or the script of a test. */
export interface Asker {
  /**
   * Asks until the answer is right.
   *
   * @throws E_COMMAND_STOPPED when the person would rather have the command end
   */
  ask<K extends keyof Answers>(question: Question<K>): Promise<Answers[K]>;
}
