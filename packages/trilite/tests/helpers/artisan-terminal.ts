import type { TestProject } from './project';
import { Terminal } from './terminal';

/** A command line of a project's console at a terminal that a test types into. */
export class ArtisanTerminal extends Terminal {
  /** Afterwards the terminal says the exit code, and how it was left: `[130 icanon echo]`. */
  constructor(project: TestProject, line: string) {
    const left = `stty -a | grep -oE -- '-?(icanon|echo)( |$)' | tr -d '\\n'`;
    // Without a size there is no room for a choice
    const run = `stty rows 40 cols 100; ${process.execPath} artisan.js ${line}`;
    super(project, `${run}; echo "[$? $(${left})]"`);
  }

  /** Without what moves the cursor. */
  override get text(): string {
    // eslint-disable-next-line no-control-regex -- the escape character is what they begin with
    return this.shown.replace(/\u001b\[[\d;?]*[A-Za-z]/g, '');
  }

  /** Whether the cursor is hidden. */
  get hidesCursor(): boolean {
    return this.shown.lastIndexOf('\u001b[?25l') > this.shown.lastIndexOf('\u001b[?25h');
  }
}
