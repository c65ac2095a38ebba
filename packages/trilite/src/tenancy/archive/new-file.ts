import { createWriteStream } from 'node:fs';
import type { Writable } from 'node:stream';

/**
 * Has a file written that is not there yet, and the disk take it. However it ends, the file is closed then: what is removed afterwards does not
 * come back.
 */
export async function writeNewFile(
  path: string,
  mode: number,
  write: (sink: Writable) => Promise<void>,
): Promise<void> {
  const sink = createWriteStream(path, { flags: 'wx', mode, flush: true });
  const closed = new Promise<void>((resolve) => sink.once('close', resolve));
  try {
    await write(sink);
  } finally {
    sink.destroy();
    await closed;
  }
}
