/** The lines of the stack from the test on, without those of the client: where a failed assertion was written is what a reader looks for. */
export function callerLines(): string[] {
  const { stack = '' } = new Error();
  return stack
    .split('\n')
    .slice(1)
    .filter((line) => !line.includes(__dirname));
}
