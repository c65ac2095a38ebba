import { createApplication } from '../../src/application';
import { ConsoleKernel } from '../../src/console/console-kernel';
import type { TestProject } from './project';

/** What a command line came to. */
export interface ArtisanResult {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** Runs an artisan command line, or its words, in a project, with nobody to ask; `env` wins over its environment, which is "testing". */
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
  const words = typeof line === 'string' ? line.split(' ').filter((word) => word !== '') : line;
  return { code: await kernel.run(words), ...written };
}
