import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { ensureEnvFile } from '../../config/env-file';
import { projectAt } from '../../config/project';
import { newAppKey } from '../../support/app-key';
import type { Command, CommandContext } from '../command';
import type { ConsoleApplication } from '../console-application';
import { CommandUsageError } from '../errors';
import type { Output } from '../output';
import { ProcessGroup, type Program } from '../process-group';
import { onShutdown } from '../shutdown';
import { defineSignature } from '../signature';
import { migrate } from './migrate-command';

const signature = defineSignature({
  name: 'dev',
  description: 'Prepare everything, then run web server and worker, reloaded at each change',
});

/** Longer than a server and a worker give their own work to end. */
const STOP_MS = 35_000;

const LONGEST_NAME = 'tenants'.length;

export class DevCommand implements Command<typeof signature> {
  static readonly signature = signature;

  async handle(context: CommandContext<typeof signature>): Promise<number> {
    const { basePath } = projectAt(context.codePath);
    const nodemon = findNodemon(context.codePath);
    prepareEnvironment(basePath, context.output);
    const app = await context.app();
    await migrate(app, context.output);
    await refuseTakenPort(app);
    await app.close();
    const hasTenantQueues = app.config.tenancy.mode === 'files';
    const all = programs(nodemon, { hasTenantQueues, output: context.output });
    return runSideBySide(all, basePath, context.output);
  }
}

/** The server would die of it behind the worker's back, and wait for a change of file. */
async function refuseTakenPort(app: ConsoleApplication): Promise<void> {
  const { HttpServer } =
    require('../../http/http-server') as typeof import('../../http/http-server');
  const probe = new HttpServer(() => undefined);
  await probe.start(app.config.app.http);
  await probe.stop(0);
}

function prepareEnvironment(basePath: string, output: Output): void {
  const outcome = ensureEnvFile(basePath, newAppKey);
  if (outcome === 'created') output.info('Made .env from .env.example, with a new APP_KEY.');
  if (outcome === 'keyed') output.info('Wrote a new APP_KEY into .env.');
}

function findNodemon(codePath: string): string {
  const isSource = existsSync(join(codePath, 'artisan.ts'));
  try {
    if (isSource) {
      return createRequire(join(codePath, 'artisan.ts')).resolve('nodemon/bin/nodemon.js');
    }
  } catch {
    // said below
  }
  throw CommandUsageError.because(
    'dev',
    'It needs artisan.ts and the development dependencies (npm install); in production run "serve" and "queue:work"',
  );
}

function programs(
  nodemon: string,
  { hasTenantQueues, output }: { readonly hasTenantQueues: boolean; readonly output: Output },
): Program[] {
  const ansi = output.colors.isColorSupported ? '--ansi' : '--no-ansi';
  const artisan = (command: string): string[] => [
    nodemon,
    '--quiet',
    '--exec',
    `node -r ts-node/register artisan.ts ${command} ${ansi}`,
  ];
  const commands = {
    web: 'serve',
    worker: 'queue:work --workers=1',
    // Jobs of tenants lie in files that the worker of the application never opens
    ...(hasTenantQueues && { tenants: 'queue:work --tenants --workers=1' }),
  };
  return Object.entries(commands).map(([name, command]) => ({
    name,
    command: process.execPath,
    parameters: artisan(command),
  }));
}

async function runSideBySide(
  all: readonly Program[],
  basePath: string,
  output: Output,
): Promise<number> {
  const prefixes = new Map(all.map(({ name }, index) => [name, prefix(name, index, output)]));
  const group = new ProcessGroup((name, line) => {
    if (line !== '') output.line(`${prefixes.get(name) ?? ''}${line}`);
  });
  const stopped = new Promise<number>((resolve) => {
    onShutdown(
      () => {
        output.line('\n  Stopping web server and workers.');
        resolve(0);
      },
      () => group.signal('SIGKILL'),
    );
  });
  const code = await Promise.race([
    stopped,
    ...all.map((program) => group.start(program, basePath)),
  ]);
  await group.stop(STOP_MS);
  output.line('  Stopped.');
  return code;
}

function prefix(name: string, index: number, output: Output): string {
  const paint = index === 0 ? output.colors.cyan : output.colors.magenta;
  return `${paint(`${name.padEnd(LONGEST_NAME)} │`)} `;
}
