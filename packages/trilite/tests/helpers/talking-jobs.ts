import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import { createInterface } from 'node:readline';

/**
 * Jobs in other processes that say what they do, and wait for a word, over a socket of the test: a worker may be the child of a child, to whom
 * nobody can send messages.
 */
export const TALKING_JOBS = `
  const { connect } = require('node:net');
  const { createInterface } = require('node:readline');

  /** Says something; resolves with the answer. */
  async function talk(socket, fact) {
    socket.write(JSON.stringify({ pid: process.pid, ...fact }) + '\\n');
  }

  function open() {
    return new Promise((resolve, reject) => {
      const socket = connect(require('node:path').join(__dirname, '../../storage/words.sock'));
      socket.once('connect', () => resolve(socket)).once('error', reject);
    });
  }

  /** Says that it began, and again and again that it is still there, until it is answered. */
  exports.Talk = class Talk {
    static options = { timeout: 0 };
    async handle(name, { attempt }) {
      const socket = await open();
      const answers = createInterface({ input: socket });
      talk(socket, { name, attempt, kind: 'begun' });
      const timer = setInterval(() => talk(socket, { name, kind: 'alive' }), 20);
      await new Promise((resolve) => answers.once('line', resolve).once('close', resolve));
      clearInterval(timer);
      socket.destroy();
    }
  };

  exports.Mail = class Mail {
    handle() {}
  };

  exports.Break = class Break {
    handle() { throw new Error('It broke'); }
  };

  exports.Sleep = class Sleep {
    async handle(name, { signal }) {
      await new Promise((resolve) => signal.addEventListener('abort', resolve));
    }
  };

  exports.Block = class Block {
    static options = { timeout: '100ms' };
    async handle(name, { attempt }) {
      const socket = await open();
      talk(socket, { name, attempt, kind: 'begun' });
      await new Promise((resolve) => socket.end(resolve));
      // As endless work does, and leaves the processor to others
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
    }
  };`;

/** What a job says. */
export interface Word {
  readonly pid: number;
  readonly name: string;
  readonly kind: 'begun' | 'alive';
  readonly attempt?: number;
}

/** Hears what jobs say, and answers them. */
export class Listener {
  /** Listens where jobs of a project speak. */
  static async at(projectPath: string): Promise<Listener> {
    const server = createServer();
    server.listen(`${projectPath}/storage/words.sock`);
    await once(server, 'listening');
    return new Listener(server);
  }

  readonly #server: Server;
  readonly #sockets = new Map<string, Socket>();
  readonly #open = new Set<Socket>();
  #words: Word[] = [];
  readonly #waiting = new Set<() => void>();

  private constructor(server: Server) {
    this.#server = server;
    server.on('connection', (socket) => {
      this.#open.add(socket);
      socket.on('error', () => undefined); // its process was killed
      createInterface({ input: socket }).on('line', (line) => {
        const word = JSON.parse(line) as Word;
        this.#sockets.set(word.name, socket);
        this.#words.push(word);
        for (const wake of this.#waiting) wake();
      });
    });
  }

  /** Waits until a job says that it has begun; each time it does is found once. */
  begun(name: string, attempt = 1): Promise<Word> {
    return this.#next((word) => word.name === name && word.attempt === attempt);
  }

  /** Waits until a job that runs has spoken again. */
  alive(name: string): Promise<Word> {
    const isIt = (word: Word): boolean => word.name === name && word.kind === 'alive';
    this.#words = this.#words.filter((word) => !isIt(word));
    return this.#next(isIt);
  }

  /** Lets a job that has begun end. */
  answer(name: string): void {
    this.#sockets.get(name)?.write('go on\n');
  }

  async close(): Promise<void> {
    for (const socket of this.#open) socket.destroy();
    this.#server.close();
    await once(this.#server, 'close');
  }

  async #next(isIt: (word: Word) => boolean): Promise<Word> {
    for (;;) {
      const found = this.#words.find(isIt);
      if (found !== undefined) {
        this.#words = this.#words.filter((word) => word !== found);
        return found;
      }
      await new Promise<void>((resolve) => {
        const wake = (): void => {
          this.#waiting.delete(wake);
          resolve();
        };
        this.#waiting.add(wake);
      });
    }
  }
}
