import { testSnippets } from '../helpers/snippets';

/* What of a command's signature, its prompts and calls of it compiles, and what does not. */

const HEAD = `
import { Artisan, defineSignature, type Command, type CommandContext, type Prompts } from 'trilite';
import type { TestApplication } from 'trilite/testing';
import { z } from 'zod';

const signature = defineSignature({
  name: 'app:one',
  description: 'One',
  arguments: {
    name: { description: 'Needed' },
    asked: { description: 'Asked for', required: false, question: 'Which?' },
    more: { description: 'More', required: false, variadic: true },
  },
  options: {
    age: { type: 'integer', description: 'Age', question: 'How old?' },
    mail: { type: 'string', description: 'Mail' },
    loud: { description: 'Loud' },
  },
});
class One implements Command<typeof signature> {
  static readonly signature = signature;
  handle(context: CommandContext<typeof signature>): void {}
}
const bare = defineSignature({ name: 'app:bare', description: 'Bare' });
class Bare implements Command<typeof bare> {
  static readonly signature = bare;
  handle(context: CommandContext<typeof bare>): void {}
}
declare const context: CommandContext<typeof signature>;
declare const prompts: Prompts<typeof signature>;
declare const artisan: Artisan;
declare const app: TestApplication;
`;

const COMPILES = [
  `const age: number = context.options.age;`,
  `const asked: string = context.arguments.asked;`,
  `const mail: string | undefined = context.options.mail;`,
  `prompts.ask('Mail?', { answeredBy: 'mail', default: 'a@b', validate: (text) => (text === '' ? 'No.' : undefined) });`,
  `prompts.ask('Mail?', { validate: z.email('No e-mail.') });`,
  `prompts.secret('Key?', { answeredBy: 'name' });`,
  `const sure: Promise<boolean> = prompts.confirm('Sure?', { answeredBy: 'loud', default: true });`,
  `const plan: Promise<'free' | 'team'> = prompts.choose('Plan?', ['free', 'team']);`,
  `const plan: Promise<'free' | 'team'> = prompts.choose('Plan?', { free: 'Free', team: 'Team' }, { default: 'free' });`,
  `const names: string[] = []; prompts.choose('Which?', names);`,
  `const lists: Promise<readonly ('a' | 'b')[]> = prompts.chooseMany('Lists?', ['a', 'b'], { default: ['a'], validate: (all) => (all.length > 1 ? 'One.' : undefined) });`,
  `const code: Promise<number> = context.call(One, { arguments: { name: 'Ada', more: ['b'] }, options: { age: 3, loud: true } });`,
  `context.call(Bare); context.callSilently(Bare, {}); context.call('app:one Ada', { options: { age: 3 } });`,
  `function name(): string { return context.arguments.name || context.fail('No name.', 3); }`,
  `artisan.call(One, { arguments: { name: 'Ada' } }).then(({ exitCode, output }) => output.length + exitCode);`,
  `app.artisan(One, { arguments: { name: 'Ada' } }).expectsQuestion('How old?', '3').assertSuccessful();`,
];

const DOES_NOT_COMPILE = [
  `prompts.ask('Mail?', { answeredBy: 'male' });`,
  `prompts.ask('Mail?', { default: 3 });`,
  `prompts.choose('Plan?', ['free', 'team'], { default: 'own' });`,
  `const plan: Promise<'free'> = prompts.choose('Plan?', ['free', 'team']);`,
  `context.call(One);`,
  `context.call(One, { arguments: { more: ['b'] } });`,
  `context.call(One, { arguments: { name: 'Ada', nome: 'b' } });`,
  `context.call(One, { arguments: { name: 'Ada' }, options: { age: '3' } });`,
  `context.call(Bare, { options: { age: 3 } });`,
  `context.call(class { static readonly signature = bare; });`,
  `artisan.call(One);`,
  `app.artisan(One, { options: {} });`,
];

testSnippets(HEAD, { compiles: COMPILES, doesNot: DOES_NOT_COMPILE });
