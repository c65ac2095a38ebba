import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** The version of this Trilite. */
export function triliteVersion(): string {
  // src/support and dist/support lie equally deep below the package.
  const manifest = readFileSync(join(__dirname, '../../package.json'), 'utf8');
  return (JSON.parse(manifest) as { version: string }).version;
}
