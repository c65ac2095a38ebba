import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import type { TestProject } from './project';

/** A command of a project at a terminal of its own, which a test types into: util-linux's `script` makes one. */
export class ArtisanTerminal {
  readonly #child: ChildProcess;
  readonly #ended: Promise<unknown>;
  readonly #waiting = new Set<() => void>();
  #hasEnded = false;
  #text = '';
  #seen = 0;

  /** Afterwards the terminal says the exit code, and how it was left: `[130 icanon echo]`. */
  constructor({ path }: TestProject, line: string) {
    const left = `stty -a | grep -oE -- '-?(icanon|echo)( |$)' | tr -d '\\n'`;
    // Without a size there is no room for a choice
    const shell = `stty rows 40 cols 100; ${process.execPath} artisan.js ${line}; echo "[$? $(${left})]"`;
    this.#child = spawn('script', ['-qec', shell, '/dev/null'], {
      cwd: path,
      env: { ...process.env, NO_COLOR: '1', SHELL: '/bin/sh', TERM: 'xterm' },
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    this.#child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      this.#text += text;
      this.#wake();
    });
    this.#ended = once(this.#child, 'close').then(() => {
      this.#hasEnded = true;
      this.#wake();
    });
  }

  /** All that it showed, without what moves the cursor. */
  get text(): string {
    // eslint-disable-next-line no-control-regex -- the escape character is what they begin with
    return this.#text.replace(/\u001b\[[\d;?]*[A-Za-z]/g, '');
  }

  /** Whether the cursor is hidden. */
  get hidesCursor(): boolean {
    return this.#text.lastIndexOf('\u001b[?25l') > this.#text.lastIndexOf('\u001b[?25h');
  }

  /** Waits until it has shown something after what was waited for before. */
  async shows(pattern: RegExp): Promise<void> {
    for (;;) {
      const found = pattern.exec(this.text.slice(this.#seen));
      if (found !== null) {
        this.#seen += found.index + found[0].length;
        return;
      }
      if (this.#hasEnded) throw new Error(`It ended without ${String(pattern)}:\n${this.text}`);
      await new Promise<void>((resolve) => this.#waiting.add(resolve));
    }
  }

  type(text: string): void {
    this.#child.stdin?.write(text);
  }

  /** Waits for its end; what was left open is closed. */
  async end(): Promise<void> {
    await this.#ended;
  }

  async kill(): Promise<void> {
    this.#child.kill('SIGKILL');
    await this.#ended;
  }

  #wake(): void {
    for (const resolve of this.#waiting) resolve();
    this.#waiting.clear();
  }
}
