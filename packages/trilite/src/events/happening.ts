/**
 * Something that the framework itself tells of: a query, a job, a lock. Its listeners are called beside what it tells of, and nobody waits for
 * them.
 */
export abstract class Happening {}

/** Makes the base of a class of happenings, whose fields are the facts it is made of. */
export function happening<F extends object>(): new (facts: F) => Happening & Readonly<F> {
  class Facts extends Happening {
    constructor(facts: F) {
      super();
      Object.assign(this, facts);
    }
  }
  return Facts as unknown as new (facts: F) => Happening & Readonly<F>;
}

/** Whether events of a class are happenings. */
export function isHappening(type: abstract new (...facts: never[]) => object): boolean {
  return type.prototype instanceof Happening;
}
