import type { ReadStream } from 'node:fs';
import type { ServerResponse } from 'node:http';

/**
 * Ends the connection when a file that is being sent has fewer bytes than its response says, as one that is cut meanwhile: the next answer of the
 * connection would be taken for the rest of it.
 */
export function endUnlessWhole(response: ServerResponse): void {
  response.once('pipe', (file: ReadStream) => {
    // Before the pipe ends the response, which would give the connection to the next one
    file.prependOnceListener('end', () => {
      const promised = response.getHeader('Content-Length');
      if (promised !== undefined && Number(promised) !== file.bytesRead) response.destroy();
    });
  });
}
