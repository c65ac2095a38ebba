import type { OutputStream } from './output';

/** Writes at once what is said in one turn of the event loop: a write for each line costs a worker more than a short job. */
export class GatheredStream implements OutputStream {
  readonly #stream: OutputStream;
  #text = '';

  constructor(stream: OutputStream) {
    this.#stream = stream;
  }

  get isTTY(): boolean {
    return this.#stream.isTTY === true;
  }

  get columns(): number | undefined {
    return this.#stream.columns;
  }

  write(text: string): void {
    if (this.#text === '') setImmediate(() => this.flush());
    this.#text += text;
  }

  /** Writes what is gathered now. */
  flush(): void {
    const text = this.#text;
    this.#text = '';
    if (text !== '') this.#stream.write(text);
  }
}
