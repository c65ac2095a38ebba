import { ConsoleKernel } from './console/console-kernel';

/**
 * Runs the command line of this process, then ends it with the command's exit code.
 *
 * @param codePath the folder of artisan.ts: `__dirname`
 * @example
 * import { runArtisan } from 'trilite/artisan';
 *
 * void runArtisan(__dirname);
 */
export async function runArtisan(codePath: string): Promise<void> {
  // The way from an error to the application's own line leads through a query builder and a router.
  Error.stackTraceLimit = 30;
  process.stdout.on('error', stopWriting);
  process.stderr.on('error', () => undefined); // there is nowhere left to say it
  const kernel = new ConsoleKernel({
    codePath,
    boot: () => loadApplication().createApplication({ basePath: codePath }),
    useEnvironment: (name) => useEnvironment(name),
    stdout: process.stdout,
    stderr: process.stderr,
    interactive: process.stdin.isTTY && process.stdout.isTTY,
  });
  process.once('beforeExit', refuseSilence);
  const code = await kernel.run(process.argv.slice(2));
  process.off('beforeExit', refuseSilence);
  await Promise.all([flushed(process.stdout), flushed(process.stderr)]);
  // Everything is closed by now: a job that ignored its timeout must not keep the process.
  process.exit(code);
}

/** What a shell calls the end of a program by SIGPIPE. */
const READER_GONE = 141;

/** "artisan dev | head": when the reader has gone, what runs is stopped in order where it can be, and ends where not. */
function stopWriting(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EPIPE') {
    process.stderr.write(`\n  ERROR  What is printed cannot be written: ${error.message}.\n\n`);
  }
  if (process.listenerCount('SIGTERM') > 0) process.kill(process.pid, 'SIGTERM');
  else process.exit(error.code === 'EPIPE' ? READER_GONE : 1);
}

/** Node ends, and says all went well, when nothing is left that could settle what a command awaits. */
function refuseSilence(): void {
  process.stderr.write(
    '\n  ERROR  The command did not end: it awaits something that nothing in this process will settle.\n\n',
  );
  process.exitCode = 1;
}

/** Into a pipe, what was written may still be on its way: an exit would cut it off. */
function flushed(stream: NodeJS.WriteStream): Promise<void> {
  return new Promise((resolve) => {
    if (stream.destroyed || !stream.writable) resolve();
    else stream.write('', () => resolve());
  });
}

function loadApplication(): typeof import('./application') {
  // Lazily: "list" and "help" boot nothing
  return require('./application') as typeof import('./application');
}

function useEnvironment(name: string): void {
  // Lazily: reading the environment loads its validation
  const { setProcessEnvironment } = require('./config/env') as typeof import('./config/env');
  setProcessEnvironment({ APP_ENV: name });
}
