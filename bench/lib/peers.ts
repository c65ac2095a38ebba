import { readFileSync } from 'node:fs';

/** What stands in a table in place of the figures of a peer that is not there. */
export const NOT_INSTALLED = 'not installed (npm ci --prefix bench)';

/**
 * Loads a peer: a dependency of bench/package.json, which may be missing.
 *
 * The types come from the caller, since checks run without the peers. Peers that are modules of ES only need `import`, and so does what
 * they share with us: `require` would load it a second time.
 */
export async function loadPeer<T>(name: string): Promise<T | undefined> {
  try {
    return (await import(name)) as T;
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

function isMissing(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  // The second is what a native module says that was installed with --ignore-scripts
  const isNotFound = 'code' in error && error.code === 'ERR_MODULE_NOT_FOUND';
  return isNotFound || error.message.startsWith('Could not locate the bindings file');
}

/** The version of a peer that is there. */
export function versionOf(name: string): string {
  const { version } = JSON.parse(readFileSync(require.resolve(`${name}/package.json`), 'utf8')) as {
    readonly version: string;
  };
  return version;
}
