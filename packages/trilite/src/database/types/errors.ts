import { FrameworkError } from '../../support/errors';

/** Thrown when one interface cannot speak of the tables of all connections. */
export class TableTypesError extends FrameworkError {
  static conflict(table: string, connections: readonly [string, string]): TableTypesError {
    const [one, other] = connections.map((name) => `"${name}"`);
    return new TableTypesError({
      code: 'E_TABLE_TYPES_CONFLICT',
      message: `The connections ${one} and ${other} both have a table "${table}", with different columns.`,
      help: 'Give one of the two another name: the interface "Tables" is one for all connections.',
    });
  }
}
