import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isOwnerGone, newOwner, pidOfOwner, thisProcess } from '../../src/support/owner';

/** The owner of this process with some of its parts replaced. */
function ownerWith(parts: {
  boot?: string;
  namespace?: string;
  pid?: number;
  start?: string;
}): string {
  const [boot, namespace, pid, start, worker] = newOwner().split('/');
  return [
    parts.boot ?? boot,
    parts.namespace ?? namespace,
    parts.pid ?? pid,
    parts.start ?? start,
    worker,
  ].join('/');
}

/** When a process started, as Linux tells it. */
function startOf(pid: number): string {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? '';
}

/** Whether a process is neither ended nor waiting to be reaped. */
function runs(pid: number): boolean {
  try {
    return !/\) [ZX] /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return false;
  }
}

test('each owner is another one', () => {
  expect(newOwner()).not.toBe(newOwner());
});

test('an owner of this process is not gone', () => {
  expect(isOwnerGone(newOwner())).toBe(false);
});

test('every owner of this process begins with its name', () => {
  expect(newOwner().startsWith(`${thisProcess()}/`)).toBe(true);
  expect(thisProcess()).toBe(thisProcess());
});

const onLinux = existsSync('/proc/self/stat') ? describe : describe.skip;

onLinux('where /proc is there', () => {
  test('an owner names this process', () => {
    const [boot, namespace, pid, start] = newOwner().split('/');
    expect(boot).toMatch(/^[0-9a-f-]{36}$/);
    expect(namespace).toMatch(/^\d+$/);
    expect(pid).toBe(String(process.pid));
    expect(start).toBe(startOf(process.pid));
  });

  test('the pid of an owner is known here, and of a process its name', () => {
    expect(pidOfOwner(newOwner())).toBe(process.pid);
    expect(pidOfOwner(thisProcess())).toBe(process.pid);
    expect(isOwnerGone(thisProcess())).toBe(false);
    expect(isOwnerGone(thisProcess().replace(/\d+$/, '1'))).toBe(true);
  });

  test.each([
    ['of another boot or machine', { boot: '00000000-0000-0000-0000-000000000000' }],
    ['of another container', { namespace: '1' }],
  ])('the pid of an owner %s means nothing', (_, parts) => {
    expect(pidOfOwner(ownerWith(parts))).toBeUndefined();
  });

  test('a process that lives is not gone; killed, it is', async () => {
    // Its name holds what separates the fields of /proc/…/stat
    const folder = mkdtempSync(join(tmpdir(), 'trilite-owner-'));
    const bash = join(folder, 'a) b (c');
    symlinkSync('/bin/bash', bash);
    const child = spawn(bash, ['-c', 'read'], { stdio: ['pipe', 'ignore', 'ignore'] });
    await once(child, 'spawn');
    const pid = Number(child.pid);
    const owner = ownerWith({ pid, start: startOf(pid) });
    expect(isOwnerGone(owner)).toBe(false);
    child.kill('SIGKILL');
    await once(child, 'exit');
    expect(isOwnerGone(owner)).toBe(true);
    rmSync(folder, { recursive: true });
  });

  test('a killed process is gone although its parent has not reaped it', async () => {
    const script = 'sleep 1000 & echo $!; exec sleep 1000'; // a parent that never waits for its child
    const parent = spawn('bash', ['-c', script], { stdio: ['ignore', 'pipe', 'ignore'] });
    const [text] = (await once(parent.stdout, 'data')) as [Buffer];
    const pid = Number(String(text));
    try {
      const owner = ownerWith({ pid, start: startOf(pid) });
      expect(isOwnerGone(owner)).toBe(false);
      process.kill(pid, 'SIGKILL');
      while (runs(pid)) await new Promise(setImmediate);
      expect(isOwnerGone(owner)).toBe(true);
    } finally {
      parent.kill('SIGKILL');
      await once(parent, 'close');
    }
  });

  test('a process whose pid another one has now is gone', () => {
    expect(isOwnerGone(ownerWith({ start: '1' }))).toBe(true);
  });

  test.each([
    ['of another boot or machine', { boot: '00000000-0000-0000-0000-000000000000' }],
    ['of another container', { namespace: '1' }],
    ['whose start nobody knows', { start: '' }],
    ['of a machine without /proc', { boot: '', namespace: '', start: '' }],
  ])('an owner %s is never judged, whatever its pid', (_, parts) => {
    expect(isOwnerGone(ownerWith({ start: '1', ...parts }))).toBe(false);
    expect(isOwnerGone(ownerWith({ pid: 999_999_999, ...parts }))).toBe(false);
  });
});

test.each(['', 'text', '////', 'a/b/c/d/e'])('what is no owner (%p) is never judged', (owner) => {
  expect(isOwnerGone(owner)).toBe(false);
  expect(pidOfOwner(owner)).toBeUndefined();
});
