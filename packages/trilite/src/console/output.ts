import type { SingleBar } from 'cli-progress';
import { createColors } from 'picocolors';
import { monotonicMs } from '../support/clock';
import { humanDuration } from '../support/duration';

type Colors = ReturnType<typeof createColors>;

/** Where output goes; `process.stdout` is one. */
export interface OutputStream {
  write(text: string): unknown;
  readonly isTTY?: boolean;
  readonly columns?: number | undefined;
}

/** How output looks. */
export interface OutputOptions {
  /** Whether to use colour. Default: when the stream is a terminal that can, and NO_COLOR is not set. */
  readonly color?: boolean | undefined;
  /** Whether to say nothing but errors and results. Default: false. */
  readonly quiet?: boolean;
}

const WIDEST = 120;
const LABELS = { info: 'bgBlue', success: 'bgGreen', warn: 'bgYellow', error: 'bgRed' } as const;

/** What a command says, in Laravel's manner: labelled messages, two columns joined by dots, tasks with their time. */
export class Output {
  readonly colors: Colors;
  readonly #stream: OutputStream;
  readonly #isQuiet: boolean;

  constructor(stream: OutputStream, options: OutputOptions = {}) {
    this.#stream = stream;
    this.#isQuiet = options.quiet === true;
    this.colors = createColors(
      options.color ?? (stream.isTTY === true && createColors().isColorSupported),
    );
  }

  /** The same on another stream, made of this one's. */
  on(wrap: (stream: OutputStream) => OutputStream): Output {
    return new Output(wrap(this.#stream), {
      color: this.colors.isColorSupported,
      quiet: this.#isQuiet,
    });
  }

  /** A line as it is. */
  line(text = ''): void {
    if (!this.#isQuiet) this.#stream.write(`${text}\n`);
  }

  /** A line that is the command's result: said even when quiet. */
  result(text: string): void {
    this.#stream.write(`${text}\n`);
  }

  /** A value as JSON: the result, and nothing else. */
  json(value: unknown): void {
    this.result(JSON.stringify(value, null, 2));
  }

  info(text: string): void {
    this.#labelled('info', text);
  }

  success(text: string): void {
    this.#labelled('success', text);
  }

  warn(text: string): void {
    this.#labelled('warn', text);
  }

  /** An error; said even when quiet. */
  error(text: string, help?: string): void {
    this.#stream.write(`\n  ${this.#label('error')} ${indent(text)}\n`);
    this.#stream.write(help === undefined ? '\n' : `\n  ${this.colors.dim(indent(help))}\n\n`);
  }

  /** A heading over two-column lines. */
  heading(text: string, right = ''): void {
    this.line();
    this.twoColumn(this.colors.green(this.colors.bold(text)), right);
  }

  /** A message in a frame of its own, for what nobody may overlook. */
  alert(text: string): void {
    const lines = text.split('\n');
    const width = Math.max(...lines.map(visibleLength)) + 4;
    const paint = (line: string): string =>
      `  ${this.colors.bgYellow(this.colors.black(`  ${line}${' '.repeat(width - visibleLength(line) - 2)}`))}`;
    this.line();
    for (const line of ['', ...lines, '']) this.line(paint(line));
    this.line();
  }

  /** Texts one below the other, each with a mark. */
  list(texts: readonly string[]): void {
    for (const text of texts) this.line(`  ${this.colors.dim('•')} ${indent(text, 4)}`);
  }

  /** Two texts at both ends of the line, joined by dots. */
  twoColumn(left: string, right: string): void {
    const dots = Math.max(3, this.#width - visibleLength(left) - visibleLength(right) - 6);
    this.line(`  ${left} ${this.colors.dim('.'.repeat(dots))} ${right}`);
  }

  /** Rows under headings. */
  table(headings: readonly string[], rows: readonly (readonly (string | number)[])[]): void {
    const Table = require('cli-table3') as typeof import('cli-table3'); // only here: `list` is to answer at once
    const style = { head: [], border: [], 'padding-left': 1, 'padding-right': 1 };
    const table = new Table({ head: headings.map((text) => this.colors.green(text)), style });
    table.push(...rows.map((row) => row.map(String)));
    this.line(table.toString());
  }

  /** A bar that grows while work goes on; on anything but a terminal, nothing. `work` is given who reports how much is done. */
  async progress<T>(
    text: string,
    work: (report: (done: number, total: number) => void) => Promise<T>,
  ): Promise<T> {
    if (!this.showsBars) return work(() => undefined);
    const bar = this.#bar(`${text} {bar} {percentage}%`.trimStart());
    bar.start(1, 0);
    try {
      return await work((done, total) => {
        bar.setTotal(Math.max(1, total));
        bar.update(done);
      });
    } finally {
      bar.stop();
    }
  }

  /**
   * Does something with each of many, one after the other, and shows how far it is as `progress` does. How many there are is counted, but for a
   * stream, whose `total` may be told. Errors pass through.
   */
  async withProgress<T>(
    items: Iterable<T> | AsyncIterable<T>,
    work: (item: T, index: number) => unknown,
    { text = '', total }: { readonly text?: string; readonly total?: number } = {},
  ): Promise<void> {
    const all = Symbol.iterator in items && total === undefined ? [...items] : items;
    const count = Array.isArray(all) ? all.length : (total ?? 0);
    await this.progress(text, async (report) => {
      let index = 0;
      report(0, count);
      for await (const item of all) {
        await work(item, index);
        index += 1;
        report(index, Math.max(index, count));
      }
    });
  }

  /** Whether bars are shown. */
  get showsBars(): boolean {
    return !this.#isQuiet && this.#stream.isTTY === true;
  }

  /** A bar that counts what went well and what did not, and says when all will be done. Only where bars are shown. */
  async tally<T>(
    total: number,
    work: (count: (isWell: boolean) => void) => Promise<T>,
  ): Promise<T> {
    const counts = { ok: 0, failed: 0 };
    const bar = this.#bar('{bar} {value}/{total}, {ok} ok, {failed} failed, {eta_formatted} to go');
    bar.start(total, 0, counts);
    try {
      return await work((isWell) => {
        counts[isWell ? 'ok' : 'failed'] += 1;
        bar.increment(1, counts);
      });
    } finally {
      bar.stop();
    }
  }

  /** Does something, and says what, how long it took and whether it went well, or was skipped by `skip()`. Errors pass through. */
  async task<T>(text: string, work: (skip: () => undefined) => Promise<T> | T): Promise<T> {
    const startedAt = monotonicMs();
    let isSkipped = false as boolean; // set by the work
    const skip = (): undefined => void (isSkipped = true);
    const say = (result: string): void => {
      const took = this.colors.dim(humanDuration(monotonicMs() - startedAt));
      this.twoColumn(text, `${took} ${result}`);
    };
    try {
      const value = await work(skip);
      const { bold, green, yellow } = this.colors;
      say(isSkipped ? yellow(bold('SKIPPED')) : green(bold('DONE')));
      return value;
    } catch (error) {
      say(this.colors.red(this.colors.bold('FAIL')));
      throw error;
    }
  }

  #bar(format: string): SingleBar {
    const progress = require('cli-progress') as typeof import('cli-progress');
    return new progress.SingleBar({
      format: `  ${format}`,
      clearOnComplete: true,
      linewrap: true, // else Ctrl-C would leave the terminal without it
      gracefulExit: false,
      stream: this.#stream as unknown as NodeJS.WriteStream,
    });
  }

  get #width(): number {
    return Math.min(WIDEST, this.#stream.columns ?? 80);
  }

  #labelled(kind: keyof typeof LABELS, text: string): void {
    this.line();
    this.line(`  ${this.#label(kind)} ${indent(text)}`);
    this.line();
  }

  #label(kind: keyof typeof LABELS): string {
    return this.colors[LABELS[kind]](
      this.colors.bold(` ${kind === 'success' ? 'DONE' : kind.toUpperCase()} `),
    );
  }
}

function indent(text: string, columns = 2): string {
  return text.replaceAll('\n', `\n${' '.repeat(columns)}`);
}

/** Characters a person sees, colour codes left out. */
function visibleLength(text: string): number {
  // eslint-disable-next-line no-control-regex -- the escape character is what colour codes begin with
  return text.replace(/\u001b\[\d+m/g, '').length;
}
