/** What decorators have written above the methods of controllers. */
export class MethodNotes<T> {
  readonly #notes = new WeakMap<object, Map<string, T[]>>();

  /** Decorators are called from the one next to the method upwards: the last of them stands first. */
  add(controller: object, method: string, note: T): void {
    const ofClass = this.#notes.get(controller) ?? new Map<string, T[]>();
    this.#notes.set(controller, ofClass);
    ofClass.set(method, [note, ...(ofClass.get(method) ?? [])]);
  }

  /** What stands above a method, in the order it is read in. */
  of(controller: object, method: string): readonly T[] {
    return this.#notes.get(controller)?.get(method) ?? [];
  }
}
