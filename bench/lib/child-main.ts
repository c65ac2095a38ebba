import type { Answer, Call } from './child';

// The other process of `Child`: calls what it is told to, answers, and ends with its parent.

process.on('message', (call: Call) => {
  void answer(call).then((value) => process.send?.(value));
});
process.on('disconnect', () => process.exit());
// Ctrl-C reaches every process of the terminal: the parent ends this one.
process.on('SIGINT', () => undefined);

async function answer({ file, name, argument }: Call): Promise<Answer> {
  try {
    const functions = require(file) as Record<string, (argument: unknown) => unknown>;
    return { value: await functions[name]?.(argument) };
  } catch (error) {
    return { failure: error instanceof Error ? (error.stack ?? error.message) : String(error) };
  }
}
