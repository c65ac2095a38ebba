/** An argument of a command, by position. */
export interface ArgumentSpec {
  readonly description: string;
  /** Whether it must be there. Default: true. */
  readonly required?: boolean;
  /** Whether it takes all that follow; only for the last one. Default: false. */
  readonly variadic?: boolean;
  /** What a person is asked when it is missing. Default: nobody is asked, a missing one is an error. */
  readonly question?: string;
}

/** An option of a command: `--name`, or `--name=value` when it has a type. */
export interface OptionSpec {
  readonly description: string;
  /** What its value is; without one the option is a switch. */
  readonly type?: 'string' | 'integer';
  /** Whether it may stand without a value, which then is ''. Default: false. Of texts alone. */
  readonly isOptional?: boolean;
  /** What its value is called in the help. Default: 'value'. */
  readonly value?: string;
  /** The value when it is not given. Default: undefined, and false for a switch. */
  readonly default?: string | number;
  /** Smallest integer allowed. Default: 0. */
  readonly min?: number;
  /** Largest integer allowed. Default: any. */
  readonly max?: number;
  /** One letter for short. */
  readonly short?: string;
  /** What a person is asked when it is not given. One with a type and no default then is never undefined: with nobody to ask it is an error. */
  readonly question?: string;
}

/** What a command is called and takes, in one place. */
export interface Signature {
  /** `group:verb`, or one word. */
  readonly name: string;
  /** One sentence for the list. */
  readonly description: string;
  readonly arguments?: Readonly<Record<string, ArgumentSpec>>;
  readonly options?: Readonly<Record<string, OptionSpec>>;
  /** Whether one run of it goes at a time, in all processes. Default: false, unless `--isolated` is typed. */
  readonly isolated?: boolean;
}

type ArgumentValue<A extends ArgumentSpec> = A extends { readonly variadic: true }
  ? readonly string[]
  : A extends { readonly required: false; readonly question?: never }
    ? string | undefined
    : string;

type OptionValue<O extends OptionSpec> = O extends { readonly type: infer T }
  ? | (T extends 'integer' ? number : string)
    | (O extends { readonly default: string | number } | { readonly question: string }
        ? never
        : undefined)
  : boolean;

/** The arguments a command of that signature is given. */
export type ArgumentsOf<S extends Signature> = {
  readonly [K in keyof NonNullable<S['arguments']>]: ArgumentValue<NonNullable<S['arguments']>[K]>;
};

/** The options a command of that signature is given. */
export type OptionsOf<S extends Signature> = {
  readonly [K in keyof NonNullable<S['options']>]: OptionValue<NonNullable<S['options']>[K]>;
};

/** The names of the arguments and options of a signature. */
export type InputName<S extends Signature> = Extract<
  keyof NonNullable<S['arguments']> | keyof NonNullable<S['options']>,
  string
>;

/** Declares a command's name, description, arguments and options; their types follow. */
export const defineSignature = <const S extends Signature>(signature: S): S => signature;

/** The command line a signature stands for: `queue:retry [options] [--] <ids...>`. */
export function usage(signature: Signature): string {
  const positions = Object.entries(signature.arguments ?? {}).map(([name, spec]) =>
    argumentSyntax(name, spec),
  );
  return [signature.name, '[options]', ...positions].join(' ');
}

/** An argument as usage lines write it. */
export function argumentSyntax(
  name: string,
  { required = true, variadic = false }: ArgumentSpec,
): string {
  const inner = variadic ? `${name}...` : name;
  return required ? `<${inner}>` : `[${inner}]`;
}

/** An option as help writes it. */
export function optionSyntax(
  name: string,
  { short, type, value = 'value', isOptional = false }: OptionSpec,
): string {
  const flags = short === undefined ? `    --${name}` : `-${short}, --${name}`;
  if (type === undefined) return flags;
  return isOptional ? `${flags} [${value}]` : `${flags} <${value}>`;
}
