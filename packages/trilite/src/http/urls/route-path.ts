import { compile, parse, type Token } from 'path-to-regexp';

/** A parameter of a path: `:name`, or with `isRest` `*name` for several segments. */
export interface PathParameter {
  readonly name: string;
  readonly isRest: boolean;
  /** Whether the path is one without it, too. */
  readonly isOptional: boolean;
}

/** Values of a path's parameters, by name. */
export type PathValues = Readonly<Record<string, string | readonly string[]>>;

/**
 * A path as routes declare it, with the library that express matches it with.
 *
 * @see https://expressjs.com/en/guide/migrating-5.html#path-syntax
 */
export class RoutePath {
  readonly parameters: readonly PathParameter[];
  readonly #fill: (values: Record<string, string | string[]>) => string;

  /** @throws TypeError when the path is none */
  constructor(path: string) {
    const data = parse(path);
    this.parameters = parametersOf(data.tokens, false);
    this.#fill = compile(data);
  }

  /** The path with its parameters filled in and encoded. What belongs to one without a value in braces is left out. */
  fill(values: PathValues): string {
    const ofPath = this.parameters.flatMap(({ name, isRest }) => {
      const value = values[name];
      return value === undefined ? [] : [[name, isRest ? segmentsOf(value) : String(value)]];
    });
    return this.#fill(Object.fromEntries(ofPath) as Record<string, string | string[]>);
  }
}

function parametersOf(tokens: readonly Token[], isOptional: boolean): PathParameter[] {
  return tokens.flatMap((token) => {
    if (token.type === 'text') return [];
    if (token.type === 'group') return parametersOf(token.tokens, true);
    return [{ name: token.name, isRest: token.type === 'wildcard', isOptional }];
  });
}

function segmentsOf(value: string | readonly string[]): string[] {
  return typeof value === 'string' ? value.split('/') : [...value];
}
