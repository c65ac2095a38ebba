import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { triliteVersion } from '../../support/version';
import { builtInCommands } from '../built-in-commands';
import type { CommandFacts } from '../command';
import type { Signature } from '../signature';
import { completionsOf } from './completions';

/**
 * Answers a shell how what was typed behind `artisan` may go on: a line each, and behind a tab what it is.
 *
 * It is asked at each press of the key, so nothing is booted or compiled: the application's own commands are kept from the last time that
 * app/console changed, and values are those that the names of files tell.
 *
 * @param artisan the file that runs artisan
 */
export function answerShell(basePath: string, artisan: string, words: readonly string[]): string {
  const completions = completionsOf(words, {
    signatures: [
      ...builtInCommands.map(({ signature }) => signature),
      ...applicationSignatures(basePath, artisan),
    ],
    tenants: () =>
      namesIn(join(basePath, 'storage/tenants')).filter((name) => /^[a-z0-9]/.test(name)),
    environments: () =>
      namesIn(basePath).flatMap(
        (name) => /^\.env\.(?!example$)([a-z][\w-]*)$/.exec(name)?.[1] ?? [],
      ),
  });
  return completions
    .map(({ value, description }) => `${value}\t${description.replace(/\s+/g, ' ')}\n`)
    .join('');
}

interface Kept {
  readonly state: string;
  readonly signatures: readonly Signature[];
}

function applicationSignatures(basePath: string, artisan: string): readonly Signature[] {
  const file = join(basePath, 'node_modules/.cache/trilite/commands.json');
  const state = stateOf(basePath);
  const kept = readKept(file);
  if (kept?.state === state) return kept.signatures;
  const { status, stdout } = spawnSync(process.execPath, [artisan, 'list', '--json'], {
    cwd: basePath,
    encoding: 'utf8',
  });
  // An application with a fault in it, or that prints when it is loaded, completes what every application has
  const all = status === 0 ? listed(stdout) : undefined;
  if (all === undefined) return [];
  const signatures = all.filter(({ origin }) => origin === 'application');
  keep(file, { state, signatures });
  return signatures;
}

function listed(json: string): (Signature & Pick<CommandFacts, 'origin'>)[] | undefined {
  try {
    return JSON.parse(json) as (Signature & Pick<CommandFacts, 'origin'>)[];
  } catch {
    return undefined;
  }
}

function readKept(file: string): Kept | undefined {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as Kept;
  } catch {
    return undefined;
  }
}

function keep(file: string, kept: Kept): void {
  try {
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, JSON.stringify(kept));
  } catch {
    // Where nothing can be written, it is asked anew the next time
  }
}

/** Another one whenever a command may have come, gone or changed. */
function stateOf(basePath: string): string {
  const folders = [join(basePath, 'app/console'), join(basePath, 'dist/app/console')];
  const files = folders.filter(existsSync).flatMap((folder) =>
    readdirSync(folder, { recursive: true, encoding: 'utf8' }).map((name) => {
      const path = join(folder, name);
      return `${path}:${statSync(path).mtimeMs}`;
    }),
  );
  return [triliteVersion(), ...files].join('\n');
}

function namesIn(folder: string): string[] {
  return existsSync(folder) ? readdirSync(folder) : [];
}
