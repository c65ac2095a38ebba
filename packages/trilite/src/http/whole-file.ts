import type { ReadStream } from 'node:fs';
import type { ServerResponse } from 'node:http';
import { errorCode } from '../support/errors';

/**
 * Ends the connection when a file that is being sent has fewer bytes than its response says, as one that is cut meanwhile: the next answer of the
 * connection would be taken for the rest of it.
 *
 * @param onCut told so before
 */
export function endUnlessWhole(response: ServerResponse, onCut?: () => void): void {
  response.once('pipe', (file: ReadStream) => {
    // Before the pipe ends the response, which would give the connection to the next one
    file.prependOnceListener('end', () => {
      const promised = response.getHeader('Content-Length');
      if (promised === undefined || Number(promised) === file.bytesRead) return;
      onCut?.();
      response.destroy();
    });
  });
}

/** Whether sending a file failed for its receiver has left, which is no fault. */
export function isGone(error: unknown): boolean {
  // Express says the one, and the socket the other of what it could not write
  return (
    errorCode(error) === 'ECONNABORTED' ||
    (error as { readonly syscall?: unknown }).syscall === 'write'
  );
}
