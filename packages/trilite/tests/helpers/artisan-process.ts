import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { TestProject } from './project';

const DIST = join(__dirname, '../../dist');

/** The file of a project that a process of it runs: the built framework, which "npm test" makes first. */
export const ARTISAN_FILE = `require(${JSON.stringify(`${DIST}/artisan`)}).runArtisan(__dirname);`;

/** A command in a process of its own. */
export class ArtisanProcess {
  readonly #child: ChildProcess;
  readonly #lines: string[] = [];
  readonly #found = new Set<number>();
  readonly #waiting = new Set<() => void>();
  readonly #ended: Promise<unknown>;
  #hasEnded = false;

  constructor({ path }: TestProject, parameters: readonly string[]) {
    this.#child = spawn(process.execPath, ['artisan.js', ...parameters], {
      cwd: path,
      env: { ...process.env, NO_COLOR: '1' },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    for (const input of [this.#child.stdout, this.#child.stderr]) {
      if (input === null) throw new Error('Expected pipes.');
      createInterface({ input }).on('line', (line) => {
        this.#lines.push(line);
        this.#wake();
      });
    }
    this.#ended = once(this.#child, 'close').then(() => {
      this.#hasEnded = true;
      this.#wake();
    });
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  get hasEnded(): boolean {
    return this.#hasEnded;
  }

  /** All it has said. */
  get text(): string {
    return this.#lines.join('\n');
  }

  /** Waits for a line; the same one is found once. */
  async said(pattern: RegExp): Promise<string> {
    for (;;) {
      const at = this.#lines.findIndex(
        (line, index) => !this.#found.has(index) && pattern.test(line),
      );
      if (at >= 0) {
        this.#found.add(at);
        return this.#lines[at] ?? '';
      }
      if (this.#hasEnded) throw new Error(`It ended without ${String(pattern)}:\n${this.text}`);
      await new Promise<void>((resolve) => this.#waiting.add(resolve));
    }
  }

  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  /** Waits for its end. */
  async end(): Promise<{ code: number | null; signal: NodeJS.Signals | null }> {
    await this.#ended;
    return { code: this.#child.exitCode, signal: this.#child.signalCode };
  }

  async kill(): Promise<void> {
    this.signal('SIGKILL');
    await this.#ended;
  }

  #wake(): void {
    for (const resolve of this.#waiting) resolve();
    this.#waiting.clear();
  }
}

/** Whether there is a process; one that has ended and was not waited for is none. */
export function isRunning(pid: number): boolean {
  try {
    return !/^\d+ \(.*\) [ZX]/.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return false;
  }
}
