import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';

/** A redis-server of our own, on loopback. */
export interface RedisServer {
  readonly port: number;
  readonly version: string;
  stop(): Promise<void>;
}

/** Starts the redis-server of this machine, which keeps everything in memory. @returns undefined when there is none on PATH */
export async function startRedis(folder: string): Promise<RedisServer | undefined> {
  mkdirSync(folder);
  const port = await freePort();
  const settings = { port, bind: '127.0.0.1', dir: folder, save: '', appendonly: 'no' };
  const words = Object.entries(settings).flatMap(([name, value]) => [`--${name}`, String(value)]);
  const server = spawn('redis-server', words, { stdio: ['ignore', 'pipe', 'inherit'] });
  const stopNow = (): void => void server.kill();
  process.once('exit', stopNow);
  const said = await whatItSaid(server);
  if (said === undefined) {
    process.off('exit', stopNow);
    return undefined;
  }
  return {
    port,
    version: /version=([\d.]+)/.exec(said)?.[1] ?? 'of unknown version',
    async stop() {
      process.off('exit', stopNow);
      if (server.exitCode !== null) return;
      server.kill();
      await once(server, 'exit');
    },
  };
}

/** What the server said until it took connections; undefined where there is none. */
function whatItSaid(server: ChildProcess): Promise<string | undefined> {
  return new Promise((resolve, reject) => {
    let said = '';
    server.stdout?.setEncoding('utf8').on('data', (text: string) => {
      said += text;
      if (said.includes('Ready to accept connections')) resolve(said);
    });
    server.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') resolve(undefined);
      else reject(error);
    });
    server.once('exit', () => reject(new Error(`redis-server ended at its start:\n${said}`)));
  });
}

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const { port } = probe.address() as AddressInfo;
  probe.close();
  await once(probe, 'close');
  return port;
}
