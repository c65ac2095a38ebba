import { text } from 'node:stream/consumers';
import { triliteVersion } from '../../support/version';
import type { Command, CommandContext } from '../command';
import type { ConsoleApplication } from '../console-application';
import { CommandUsageError } from '../errors';
import { defineSignature } from '../signature';
import type { Tinker } from '../tinker/tinker';

const signature = defineSignature({
  name: 'tinker',
  description: 'Try things out: TypeScript, line by line, with the application at hand',
  options: {
    execute: {
      type: 'string',
      value: 'code',
      description: 'Evaluate this, print what it comes to, and end',
    },
    tenant: { type: 'string', value: 'id', description: 'Evaluate in the work of a tenant' },
  },
});

type Context = CommandContext<typeof signature>;

export class TinkerCommand implements Command<typeof signature> {
  static readonly signature = signature;

  async handle(context: Context): Promise<void> {
    const { options, output, terminal } = context;
    const app = await context.app();
    const { tinker, isTypeScript } = await prepare(app, context);
    if (options.execute === undefined && terminal.interactive) {
      output.line(greeting(app, context, isTypeScript));
      return tinker.talk(process.stdin, process.stdout);
    }
    const value = await tinker.run(options.execute ?? (await readInput()));
    if (value !== undefined) output.result(tinker.shown(value));
  }
}

async function prepare(
  app: ConsoleApplication,
  { codePath, options: { tenant }, output }: Context,
): Promise<{ tinker: Tinker; isTypeScript: boolean }> {
  // Nothing else needs them
  const { Tinker } = require('../tinker/tinker') as typeof import('../tinker/tinker');
  const { typeScriptLines } =
    require('../tinker/typescript-lines') as typeof import('../tinker/typescript-lines');
  // Before the first line: a name that nobody has is no tenant
  if (tenant !== undefined) await app.tenancy.run(tenant, () => undefined);
  const compile = typeScriptLines(codePath);
  const { tenancy } = app;
  const tinker = new Tinker({
    app,
    codePath,
    compile,
    enter: (work) => (tenant === undefined ? tenancy.central(work) : tenancy.run(tenant, work)),
    color: output.colors.isColorSupported,
  });
  return { tinker, isTypeScript: compile !== undefined };
}

function greeting(
  { config }: ConsoleApplication,
  { options: { tenant }, output }: Context,
  isTypeScript: boolean,
): string {
  const whose = tenant === undefined ? '' : `, tenant ${tenant}`;
  const language = isTypeScript
    ? 'TypeScript'
    : 'JavaScript, for the package "typescript" is not installed here';
  const head = `Trilite ${triliteVersion()}, ${config.app.name} (${config.app.env}${whose}): ${language}.`;
  return `\n  ${head}\n  ${output.colors.dim('"app" is the application. Ctrl-C gives a line up, Ctrl-D leaves.')}\n`;
}

function readInput(): Promise<string> {
  if (process.stdin.isTTY) {
    throw CommandUsageError.because(
      signature.name,
      'There is no terminal to talk to; give the code by --execute or on standard input',
    );
  }
  return text(process.stdin);
}
