/** A running job, as the watchdog sees it. */
export interface WatchedJob {
  readonly id: string;
  /** The file of its queue. */
  readonly file: string;
  readonly claim: number;
  readonly job: string;
  /** By `systemMs`; Infinity without a timeout. */
  readonly deadline: number;
  readonly timeoutMs: number;
  /** What follows when it takes too long: whether the job has failed, else how long until its next run is due. */
  readonly isFinal: boolean;
  readonly delayMs: number;
}

/** Numbers at the head of the table, and of each slot. */
const HEAD_BYTES = 16;
const NUMBERS = 4;
const NUMBER_BYTES = NUMBERS * 8;

/** Bytes of the text of a slot: id, job and file, by lines. */
const TEXT_BYTES = 736;
const SLOT_BYTES = NUMBER_BYTES + TEXT_BYTES;

/** Words at the head: what is waited for, whether the reader sleeps for long, and how many jobs there were. */
const BELL = 0;
const SLEEPS = 1;
const JOBS = 2;

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** Slots in memory that two threads see: one for each running job. One thread writes, the other one reads. */
export class SlotTable {
  static create(slots: number): SlotTable {
    return new SlotTable(new SharedArrayBuffer(HEAD_BYTES + slots * SLOT_BYTES));
  }

  readonly memory: SharedArrayBuffer;
  readonly #words: Int32Array;
  readonly #size: number;
  readonly #free: number[];

  constructor(memory: SharedArrayBuffer) {
    this.memory = memory;
    this.#words = new Int32Array(memory, 0, HEAD_BYTES / 4);
    this.#size = Math.floor((memory.byteLength - HEAD_BYTES) / SLOT_BYTES);
    this.#free = Array.from({ length: this.#size }, (_, slot) => this.#size - 1 - slot);
  }

  /** Takes a slot for a job; undefined when its names are too long, or none is free. */
  write(job: WatchedJob): number | undefined {
    const slot = this.#free.pop();
    if (slot === undefined) return undefined;
    const text = this.#text(slot);
    const bytes = encoder.encode(`${job.id}\n${job.job}\n${job.file}`);
    if (bytes.length >= TEXT_BYTES) {
      this.#free.push(slot);
      return undefined;
    }
    text.set(bytes);
    text[bytes.length] = 0;
    const numbers = this.#numbers(slot);
    numbers[1] = job.timeoutMs;
    numbers[2] = job.isFinal ? -1 : job.delayMs;
    numbers[3] = job.claim;
    numbers[0] = job.deadline; // last: from now on it is looked at
    this.#ring();
    return slot;
  }

  /** Puts the deadline of a job off: its timeout begins anew. */
  renew(slot: number, now: number): void {
    const numbers = this.#numbers(slot);
    const [deadline = 0, timeoutMs = 0] = numbers;
    if (Number.isFinite(deadline)) numbers[0] = now + timeoutMs;
  }

  free(slot: number): void {
    this.#numbers(slot)[0] = 0;
    this.#free.push(slot);
  }

  /** The jobs in the slots that are taken. */
  read(): WatchedJob[] {
    const jobs: WatchedJob[] = [];
    for (let slot = 0; slot < this.#size; slot += 1) {
      const [deadline = 0, timeoutMs = 0, delayMs = 0, claim = 0] = this.#numbers(slot);
      if (deadline === 0) continue;
      // A copy: what is shared cannot be decoded
      const bytes = Uint8Array.from(this.#text(slot));
      const [id = '', job = '', file = ''] = decoder
        .decode(bytes.subarray(0, bytes.indexOf(0)))
        .split('\n');
      const facts = { id, claim, job, file };
      jobs.push({ ...facts, deadline, timeoutMs, isFinal: delayMs < 0, delayMs });
    }
    return jobs;
  }

  /** Waits, for some milliseconds at most. For the reader's thread: it blocks. */
  pause(milliseconds: number): void {
    Atomics.wait(this.#words, BELL, Atomics.load(this.#words, BELL), milliseconds);
  }

  /** Waits until there is a job, for some milliseconds at most. For the reader's thread: it blocks. */
  sleep(milliseconds: number): void {
    Atomics.store(this.#words, SLEEPS, 1);
    const bell = Atomics.load(this.#words, BELL);
    // Looked at again behind the word: whoever wrote a job before it did not ring
    if (this.read().length === 0) Atomics.wait(this.#words, BELL, bell, milliseconds);
    Atomics.store(this.#words, SLEEPS, 0);
  }

  /** Wakes the reader, if it sleeps: ringing at each job would cost more than a short job. */
  #ring(): void {
    Atomics.add(this.#words, JOBS, 1); // what was written before it is seen by whoever sees what is read behind it
    if (Atomics.load(this.#words, SLEEPS) === 0) return;
    Atomics.add(this.#words, BELL, 1);
    Atomics.notify(this.#words, BELL);
  }

  #numbers(slot: number): Float64Array {
    return new Float64Array(this.memory, HEAD_BYTES + slot * SLOT_BYTES, NUMBERS);
  }

  #text(slot: number): Uint8Array {
    return new Uint8Array(this.memory, HEAD_BYTES + slot * SLOT_BYTES + NUMBER_BYTES, TEXT_BYTES);
  }
}
