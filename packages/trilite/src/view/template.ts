import { Script } from 'node:vm';
import { toError } from '../support/errors';
import { ViewFailedError } from './errors';
import { FRAME_NAMES, type TemplateFrame } from './template-frame';
import { partsOf, type TemplateSource, type TemplateTag } from './template-parts';

type Run = (it: object, frame: TemplateFrame) => void;

/** A compiled template. */
export class Template {
  readonly source: TemplateSource;
  readonly #run: Run;

  /**
   * @param names what stands in the template by its bare name, beside what the rendering gives
   * @throws E_VIEW_FAILED when it is not valid
   */
  constructor(source: TemplateSource, names: readonly string[]) {
    this.source = source;
    this.#run = compile(source, names);
  }

  /** Writes into a frame. */
  run(it: object, frame: TemplateFrame): void {
    const run = this.#run; // called as a function: `this` is nobody's
    run(it, frame);
  }
}

function compile(source: TemplateSource, names: readonly string[]): Run {
  // Strict: a variable that is not declared would stay for the next request
  const code = [
    '"use strict";',
    `const { output: __output, ${FRAME_NAMES.join(', ')} } = __frame;`,
    `const { ${names.join(', ')} } = __frame.names;`,
    `{\n${bodyOf(source)}\n}`,
  ].join('\n');
  try {
    // eslint-disable-next-line @typescript-eslint/no-implied-eval -- a template is code, of the application's own files
    return new Function('it', '__frame', code) as Run;
  } catch (error) {
    throw ViewFailedError.at({ ...source, line: lineOfSyntaxError(code) }, toError(error));
  }
}

function bodyOf(source: TemplateSource): string {
  return partsOf(source)
    .map((part) => (typeof part === 'string' ? `__output.text += '${part}';` : codeOf(part)))
    .join('\n');
}

function codeOf({ writes, code, line }: TemplateTag): string {
  const written = writes === undefined ? code : `__output.${writes} = ${code}\n;`;
  return `__frame.line = ${line};\n${written}`;
}

/** A function that does not parse does not say where; a script of the same code does, and the line that was set last before stands in it. */
function lineOfSyntaxError(code: string): number {
  const name = 'template';
  try {
    new Script(`(function (it, __frame) {${code}\n})`, { filename: name });
    return 1;
  } catch (error) {
    const [, line = '0'] = new RegExp(`^${name}:(\\d+)`).exec(toError(error).stack ?? '') ?? [];
    const before = code.split('\n').slice(0, Number(line)).join('\n');
    const lines = [...before.matchAll(/^__frame\.line = (\d+);$/gm)];
    return Number(lines.at(-1)?.[1] ?? 1);
  }
}
