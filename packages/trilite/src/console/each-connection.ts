import type { Connection } from '../database/connection';
import { FrameworkError } from '../support/errors';
import type { ConsoleApplication } from './console-application';
import type { Output } from './output';

/** What came of one connection: a result or an error. */
export interface ConnectionOutcome<T extends object> {
  readonly connection: string;
  readonly file: string;
  readonly result?: T;
  readonly error?: FrameworkError;
}

/**
 * Does the same for the connection of a name, or for each of them one after the other: what fails for one is kept in its place, and the
 * others still have their turn.
 *
 * @throws E_CONNECTION_UNKNOWN
 */
export async function eachConnection<T extends object>(
  { connections }: ConsoleApplication,
  name: string | undefined,
  work: (connection: Connection) => Promise<T>,
): Promise<ConnectionOutcome<T>[]> {
  const names = name === undefined ? connections.names : [name];
  const chosen = names.map((one) => connections.connection(one));
  const outcomes: ConnectionOutcome<T>[] = [];
  for (const connection of chosen) outcomes.push(await outcomeOf(connection, work));
  return outcomes;
}

async function outcomeOf<T extends object>(
  connection: Connection,
  work: (connection: Connection) => Promise<T>,
): Promise<ConnectionOutcome<T>> {
  const { name, file } = connection;
  try {
    return { connection: name, file, result: await work(connection) };
  } catch (error) {
    if (!(error instanceof FrameworkError)) throw error;
    return { connection: name, file, error };
  }
}

/** Prints a heading for each connection, and under it its result, or what went wrong. */
export function printOutcomes<T extends object>(
  outcomes: readonly ConnectionOutcome<T>[],
  output: Output,
  print: (result: T) => void,
): void {
  for (const { connection, file, result, error } of outcomes) {
    output.heading(connection, output.colors.dim(file));
    if (result !== undefined) print(result);
    if (error !== undefined) output.error(error.message, `${error.help} (${error.code})`);
  }
  output.line();
}

/** For JSON: a result's own keys beside those of its connection. */
export function outcomesAsJson<T extends object>(
  outcomes: readonly ConnectionOutcome<T>[],
): object[] {
  return outcomes.map(({ connection, file, result, error }) => ({
    connection,
    file,
    ...result,
    ...(error !== undefined && {
      error: { code: error.code, message: error.message, help: error.help },
    }),
  }));
}

/** The exit code: 1 when there is an error among them. */
export function exitCodeOf(outcomes: readonly ConnectionOutcome<object>[]): number {
  return outcomes.some(({ error }) => error !== undefined) ? 1 : 0;
}
