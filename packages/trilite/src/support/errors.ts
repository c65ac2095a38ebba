import { inspect } from 'node:util';

/** A stable, documented error code. Every code stands in docs/errors.md. */
export type ErrorCode = `E_${string}`;

/** The facts an error is made of. */
export interface ErrorFacts {
  /** Stable code for programs. */
  readonly code: ErrorCode;
  /** What happened and where, with values in "quotes". */
  readonly message: string;
  /** What to do next. */
  readonly help: string;
  /** HTTP status for errors that answer a request. Default: 500. */
  readonly status?: number;
  /** The error this one explains. */
  readonly cause?: unknown;
}

/** The base of every error Trilite throws: a code, what happened, and what to do next. */
export class FrameworkError extends Error {
  readonly code: ErrorCode;
  readonly help: string;
  readonly status: number;

  constructor(facts: ErrorFacts) {
    super(facts.message, facts.cause === undefined ? undefined : { cause: facts.cause });
    this.name = new.target.name;
    this.code = facts.code;
    this.help = facts.help;
    this.status = facts.status ?? 500;
  }
}

/** Thrown when a value cannot be stored: a class instance, a function or a symbol. */
export class ValueNotSerializableError extends FrameworkError {
  static at(path: string, found: string): ValueNotSerializableError {
    return new ValueNotSerializableError({
      code: 'E_VALUE_NOT_SERIALIZABLE',
      message: `The value at "${path}" cannot be stored: it is ${found}.`,
      help: 'Store plain data: primitives, arrays, plain objects, Date, Map, Set, BigInt, Buffer or typed arrays.',
    });
  }
}

/** Thrown when a stored value cannot be read back. */
export class ValueNotReadableError extends FrameworkError {
  static because(cause: unknown): ValueNotReadableError {
    return new ValueNotReadableError({
      code: 'E_VALUE_NOT_READABLE',
      message: 'A stored value cannot be read back: its bytes are not what Trilite writes.',
      help: 'Delete the entry. If another program writes into the file, stop it: these tables belong to Trilite.',
      cause,
    });
  }
}

/** The `code` of a thrown value, or undefined when it has none. */
export function errorCode(error: unknown): string | undefined {
  if (typeof error !== 'object' || error === null || !('code' in error)) return undefined;
  return typeof error.code === 'string' ? error.code : undefined;
}

/** Any thrown value as an Error. */
export function toError(thrown: unknown): Error {
  try {
    if (thrown instanceof Error) return thrown;
    // Errors of another realm (native modules under jest) fail instanceof, yet carry a message and a stack.
    if (typeof thrown === 'object' && thrown !== null && 'message' in thrown && 'stack' in thrown) {
      return thrown as Error;
    }
    return new Error(String(thrown));
  } catch {
    return new Error('Something was thrown that cannot be shown as text.');
  }
}

/** The message of an error as text, whatever its author made of it. */
export function messageOf(error: Error): string {
  try {
    const { message } = error as { readonly message: unknown };
    return typeof message === 'string' ? message : inspect(message);
  } catch {
    return 'The error has no message that can be read.';
  }
}
