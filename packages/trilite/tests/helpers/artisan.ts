import { createApplication } from '../../src/application';
import { ConsoleKernel } from '../../src/console/console-kernel';
import type { TestProject } from './project';

/** What a command line came to. */
export interface ArtisanResult {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/**
 * Runs an artisan command line in a project, with nobody to ask. What stands in "quotes" is one word; words may be given as a list, too. `env`
 * wins over the environment, which is "testing".
 */
export async function artisan(
  { path }: TestProject,
  line: string | readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<ArtisanResult> {
  const written = { out: '', err: '' };
  const kernel = new ConsoleKernel({
    codePath: path,
    boot: () => createApplication({ basePath: path, env: { APP_ENV: 'testing', ...env } }),
    useEnvironment: () => undefined,
    stdout: { write: (text) => (written.out += text) },
    stderr: { write: (text) => (written.err += text) },
  });
  const code = await kernel.run(typeof line === 'string' ? wordsOf(line) : line);
  return { code, ...written };
}

function wordsOf(line: string): string[] {
  return [...line.matchAll(/"([^"]*)"|\S+/g)].map(([whole, quoted]) => quoted ?? whole);
}
