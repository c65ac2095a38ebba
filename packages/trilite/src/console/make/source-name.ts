import { CommandUsageError } from '../errors';

/** A name as somebody types it, in the forms that code wants it in. */
export interface SourceName {
  /** Folders below that of its kind: `admin/reports` of `Admin/Reports/Daily`. */
  readonly folders: readonly string[];
  /** `DailyReportController`. */
  readonly className: string;
  /** `dailyReportController`. */
  readonly variable: string;
  /** `daily-report-controller`: the name of its file. */
  readonly stem: string;
  /** The stem without the suffix: `daily-report`. */
  readonly base: string;
}

/** `Report`, `daily-report`, `DailyReport`, `daily_report`. */
const SEGMENT = /^[A-Za-z][A-Za-z0-9]*(?:[-_][A-Za-z0-9]+)*$/;

/** As long as a file may be called everywhere, with an ending. */
const MOST_CHARACTERS = 100;

/**
 * Reads a name: `DailyReport`, `daily-report` and `DailyReportController` are the same controller, and what stands before a slash are folders.
 *
 * @param suffix with which such classes end: `Controller`, or '' for none
 * @throws E_COMMAND_USAGE for what is no name
 */
export function readSourceName(command: string, given: string, suffix = ''): SourceName {
  const segments = given.replace(/\.ts$/, '').split('/');
  const isName = segments.every((one) => SEGMENT.test(one) && one.length <= MOST_CHARACTERS);
  if (!isName) {
    throw CommandUsageError.because(
      command,
      `"${given}" is no name: write words of letters and digits, as "Report", "daily-report" or "admin/Report"`,
    );
  }
  const words = segments.map(wordsOf);
  const own = withoutSuffix(words.at(-1) ?? [], suffix);
  const all = [...own, ...(suffix === '' ? [] : [suffix.toLowerCase()])];
  const className = all.map(capitalized).join('');
  return {
    folders: words.slice(0, -1).map((one) => one.join('-')),
    className,
    variable: className.charAt(0).toLowerCase() + className.slice(1),
    stem: all.join('-'),
    base: own.join('-'),
  };
}

function wordsOf(segment: string): string[] {
  return segment
    .replace(/([a-z0-9])([A-Z])/g, '$1-$2')
    .replace(/([A-Z]+)([A-Z][a-z])/g, '$1-$2')
    .toLowerCase()
    .split(/[-_]/);
}

/** The suffix alone is a name, too: `Controller` is the controller called so. */
function withoutSuffix(words: readonly string[], suffix: string): readonly string[] {
  return words.length > 1 && words.at(-1) === suffix.toLowerCase() ? words.slice(0, -1) : words;
}

function capitalized(word: string): string {
  return word.charAt(0).toUpperCase() + word.slice(1);
}
