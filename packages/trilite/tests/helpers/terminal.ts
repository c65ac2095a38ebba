import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import type { TestProject } from './project';

/** A command in a process of its own with a terminal before it: util-linux's `script` makes one. */
export class Terminal {
  readonly #child: ChildProcess;
  readonly #ended: Promise<unknown>;
  readonly #waiting = new Set<() => void>();
  #hasEnded = false;
  /** All that it showed, with what moves the cursor. */
  protected shown = '';
  /** Up to where what was shown has been looked at. */
  #seen = 0;

  constructor({ path }: TestProject, command: string, env: Readonly<Record<string, string>> = {}) {
    this.#child = spawn('script', ['--quiet', '--return', '--command', command, '/dev/null'], {
      cwd: path,
      env: { ...process.env, NO_COLOR: '1', TERM: 'xterm', SHELL: '/bin/sh', ...env },
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    this.#child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      this.shown += text;
      this.#wake();
    });
    this.#ended = once(this.#child, 'close').then(() => {
      this.#hasEnded = true;
      this.#wake();
    });
  }

  /** What a test looks at. */
  get text(): string {
    return this.shown;
  }

  type(keys: string): void {
    this.#child.stdin?.write(keys);
  }

  /** Waits until it shows something, after what was waited for last. */
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

  /** Waits for its end. @returns the exit code */
  async end(): Promise<number | null> {
    // Now and then "script" misses the end of its child, and looks again once its own input has ended
    this.#child.stdin?.end();
    await this.#ended;
    return this.#child.exitCode;
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
