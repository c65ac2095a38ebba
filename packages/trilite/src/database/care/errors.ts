import { FrameworkError } from '../../support/errors';
import { humanBytes } from '../../support/bytes';
import type { ConnectionFacts } from '../errors';

/** Thrown when a table is asked about that a file does not hold. */
export class TableUnknownError extends FrameworkError {
  static named(
    table: string,
    { name }: ConnectionFacts,
    { nearest, elsewhere }: { readonly nearest: readonly string[]; readonly elsewhere?: string },
  ): TableUnknownError {
    return new TableUnknownError({
      code: 'E_TABLE_UNKNOWN',
      message: `There is no table "${table}" on connection "${name}".`,
      help: tableHelp(name, nearest, elsewhere),
    });
  }
}

function tableHelp(
  name: string,
  nearest: readonly string[],
  elsewhere: string | undefined,
): string {
  if (elsewhere !== undefined) {
    return `It is on connection "${elsewhere}": add --connection=${elsewhere}.`;
  }
  const guesses = nearest.map((one) => `"${one}"`).join(', ');
  const see = `See all of them with "artisan db:show --connection=${name}".`;
  return guesses === '' ? see : `Did you mean ${guesses}? ${see}`;
}

/** Thrown when an SQL text is not one statement that may be run as it was asked for. */
export class QueryRefusedError extends FrameworkError {
  static wouldWrite({ name }: ConnectionFacts): QueryRefusedError {
    return new QueryRefusedError({
      code: 'E_QUERY_REFUSED',
      message: `The statement does more than read on connection "${name}". It was not run.`,
      help: 'Add --write to run it.',
    });
  }

  static opensTransaction({ name }: ConnectionFacts): QueryRefusedError {
    return new QueryRefusedError({
      code: 'E_QUERY_REFUSED',
      message: `The statement begins a transaction on connection "${name}", which would end with it.`,
      help: 'Run the statements that change something one by one: each commits alone.',
    });
  }

  static because(problem: string): QueryRefusedError {
    return new QueryRefusedError({
      code: 'E_QUERY_REFUSED',
      message: `The statement cannot be run: ${problem}.`,
      help: 'Give one whole statement, with its values written out.',
    });
  }
}

/** Thrown when the disk may not have the room that rewriting a file takes. */
export class DiskSpaceError extends FrameworkError {
  static forVacuum({ name, file }: ConnectionFacts, needed: number, free: number): DiskSpaceError {
    return new DiskSpaceError({
      code: 'E_DISK_SPACE',
      message: `Rewriting the file "${file}" of connection "${name}" may take ${humanBytes(needed)}; its disk has ${humanBytes(free)} free.`,
      help: 'Free disk space, or leave --vacuum away: free pages are given back without it where autoVacuum is "incremental".',
    });
  }
}
