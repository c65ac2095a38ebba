import { spawn } from 'node:child_process';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { projectAt } from '../../config/project';
import type { Command, CommandContext } from '../command';
import { CommandUsageError } from '../errors';
import { exitCodeOf } from '../shutdown';
import { defineSignature } from '../signature';

const signature = defineSignature({
  name: 'test',
  description: 'Run the tests; what follows, options included, is handed on to jest',
  arguments: {
    words: { description: 'What jest is told, such as --watch', required: false, variadic: true },
  },
});

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGQUIT', 'SIGHUP'] as const;

export class TestCommand implements Command<typeof signature> {
  static readonly signature = signature;

  handle({ arguments: { words }, codePath }: CommandContext<typeof signature>): Promise<number> {
    const { basePath } = projectAt(codePath);
    return run([findJest(basePath), ...words], basePath);
  }
}

function findJest(basePath: string): string {
  try {
    return createRequire(join(basePath, 'package.json')).resolve('jest/bin/jest');
  } catch {
    throw CommandUsageError.because(
      signature.name,
      'It needs jest, which is not installed here (npm install --include=dev)',
    );
  }
}

/** In this process's own group and with its streams: jest talks to the terminal, and colours what it says, as when it is started by hand. */
function run(parameters: readonly string[], cwd: string): Promise<number> {
  // Lazily: reading the environment loads its validation
  const { childEnvironment } = require('../../config/env') as typeof import('../../config/env');
  const child = spawn(process.execPath, parameters, {
    cwd,
    env: childEnvironment({ APP_ENV: 'testing' }),
    stdio: 'inherit',
  });
  const passOn = (signal: NodeJS.Signals): void => {
    // A terminal sends Ctrl-C to both of us, and jest takes a second one for impatience
    if (signal !== 'SIGINT' || !process.stdin.isTTY) child.kill(signal);
  };
  for (const signal of SIGNALS) process.on(signal, passOn);
  return new Promise<number>((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code, signal) => {
      resolve(code ?? exitCodeOf(signal ?? 'SIGTERM'));
    });
  }).finally(() => {
    for (const signal of SIGNALS) process.off(signal, passOn);
  });
}
