/** What everything of a store is called on its server. */
export class RedisKeys {
  /** Hash: when each tag was cleared, and the clock that clearing moves on. */
  readonly tags: string;
  /** Hash: what happened to the entries. */
  readonly counts: string;
  /** Hash: who holds each lock. Sorted set: until when. */
  readonly locks: string;
  readonly lockEnds: string;
  /** Hash: the hits of each window. Sorted set: when it ends. */
  readonly limits: string;
  readonly limitEnds: string;
  readonly #namespace: string;

  /** @param namespace what every key begins with */
  constructor(namespace: string) {
    this.#namespace = namespace;
    this.tags = `${namespace}tags`;
    this.counts = `${namespace}counts`;
    this.locks = `${namespace}locks`;
    this.lockEnds = `${namespace}locks:ends`;
    this.limits = `${namespace}limits`;
    this.limitEnds = `${namespace}limits:ends`;
  }

  /** String: an entry. */
  entry(key: string): string {
    return `${this.#namespace}e:${key}`;
  }

  /** Hash: who computes the value of a key. */
  claim(key: string): string {
    return `${this.#namespace}c:${key}`;
  }
}
