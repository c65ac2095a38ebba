import { existsSync, readFileSync, realpathSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseEnv } from 'node:util';

/** What became of .env: made, its key written, or left as it was. */
export type EnvFileOutcome = 'created' | 'keyed' | 'kept';

const KEY_LINES = /^[ \t]*(?:export[ \t]+)?APP_KEY[ \t]*=.*$/gm;

/** Makes .env from .env.example when there is none, with a key when it has none. */
export function ensureEnvFile(basePath: string, newKey: () => string): EnvFileOutcome {
  const isNew = !existsSync(join(basePath, '.env'));
  const outcome = writeKey(basePath, newKey(), { replace: false });
  return isNew ? 'created' : outcome === 'written' ? 'keyed' : 'kept';
}

/** Writes APP_KEY into .env, which is made from .env.example when there is none. A key that is there stays unless `replace`. */
export function writeKey(
  basePath: string,
  key: string,
  { replace }: { readonly replace: boolean },
): 'written' | 'kept' {
  const path = join(basePath, '.env');
  const text = existsSync(path) ? readFileSync(path, 'utf8') : exampleText(basePath);
  const current = parseEnv(text)['APP_KEY'] ?? '';
  if (current !== '' && !replace) return 'kept';
  writeWhole(existsSync(path) ? realpathSync(path) : path, withKey(text, key));
  return 'written';
}

/** In the place of the last line that has one: whoever reads the file takes that. */
function withKey(text: string, key: string): string {
  const line = `APP_KEY=${key}`;
  const last = [...text.matchAll(KEY_LINES)].at(-1);
  if (last !== undefined) {
    return text.slice(0, last.index) + line + text.slice(last.index + last[0].length);
  }
  return `${text}${text === '' || text.endsWith('\n') ? '' : '\n'}${line}\n`;
}

function exampleText(basePath: string): string {
  const example = join(basePath, '.env.example');
  return existsSync(example) ? readFileSync(example, 'utf8') : 'APP_ENV=development\n';
}

/** Whole or not at all: a crash in between must not leave half of somebody's secrets. For the owner's eyes alone. */
function writeWhole(path: string, text: string): void {
  const temporary = `${path}.new`;
  writeFileSync(temporary, text, { mode: 0o600 });
  renameSync(temporary, path);
}
