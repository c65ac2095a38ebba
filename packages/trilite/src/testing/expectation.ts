/** Fails a test with a message of its own: jest would show an AssertionError's operands instead. */
export function expectThat(holds: boolean, message: string): void {
  if (!holds) throw new Error(message);
}
