import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** What became of .env: made, its key written, or left as it was. */
export type EnvFileOutcome = 'created' | 'keyed' | 'kept';

const KEY_LINE = /^APP_KEY=(.*)$/m;

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
  const current = KEY_LINE.exec(text)?.[1]?.trim() ?? '';
  if (current !== '' && !replace) return 'kept';
  const line = `APP_KEY=${key}`;
  const separator = text === '' || text.endsWith('\n') ? '' : '\n';
  writeWhole(
    path,
    KEY_LINE.test(text) ? text.replace(KEY_LINE, () => line) : `${text}${separator}${line}\n`,
  );
  return 'written';
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
