import { spawn } from 'node:child_process';
import { once } from 'node:events';

/** Another process that holds a lock on a file until it is released. */
export interface LockHolder {
  readonly pid: number;
  release(): Promise<void>;
}

const SCRIPT = `
  const Driver = require(process.argv[1]);
  const handle = new Driver(process.argv[2]);
  handle.exec(process.argv[3]);
  if (process.argv[4] !== '') handle.prepare(process.argv[4]).all();
  console.log('held');
  process.stdin.resume().on('end', () => process.exit());
`;

const held = new Set<LockHolder>();

// A test that fails releases nothing, and would keep jest waiting for its processes.
afterEach(async () => {
  for (const holder of held) await holder.release();
});

/** A process in the middle of a write transaction, or of a read transaction. It is there when this resolves. */
export async function holdLock(file: string, kind: 'write' | 'read'): Promise<LockHolder> {
  const begin = kind === 'write' ? 'BEGIN IMMEDIATE' : 'BEGIN';
  const read = kind === 'write' ? '' : 'SELECT * FROM sqlite_schema';
  const driver = require.resolve('better-sqlite3');
  const child = spawn(process.execPath, ['-e', SCRIPT, driver, file, begin, read], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const closed = once(child, 'close');
  await Promise.race([once(child.stdout, 'data'), closed]);
  if (child.pid === undefined || child.exitCode !== null) throw new Error('No lock was taken.');
  const holder: LockHolder = {
    pid: child.pid,
    async release() {
      held.delete(holder);
      child.stdin.end();
      await closed;
    },
  };
  held.add(holder);
  return holder;
}
