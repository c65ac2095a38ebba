import { connect } from 'node:net';

/**
 * Sends bytes as they are, reads what comes until the connection ends, and gives it as text.
 *
 * @param more what is sent once something has come
 */
export function exchange(
  port: number,
  sent: string | Buffer,
  more?: string | Buffer,
): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    const chunks: Buffer[] = [];
    if (more !== undefined) socket.once('data', () => socket.write(more));
    socket.on('data', (chunk) => chunks.push(chunk));
    socket.on('error', () => undefined); // a reset is an end, too
    socket.on('close', () => resolve(Buffer.concat(chunks).toString('latin1')));
    socket.write(sent);
  });
}
