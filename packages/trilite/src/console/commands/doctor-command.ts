import type { Command, CommandContext } from '../command';
import {
  ok,
  runCheck,
  worstOf,
  type Check,
  type CheckResult,
  type CheckStatus,
} from '../doctor/check';
import { cacheChecks } from '../doctor/cache-checks';
import { environmentChecks, secretChecks } from '../doctor/environment-checks';
import { fileChecks } from '../doctor/file-checks';
import { queueChecks } from '../doctor/queue-checks';
import { runtimeChecks } from '../doctor/runtime-checks';
import { storageChecks } from '../doctor/storage-checks';
import type { Output } from '../output';
import { defineSignature } from '../signature';

const signature = defineSignature({
  name: 'doctor',
  description: 'Look for what would break this application here; exit code 1 when something would',
  options: { json: { description: 'Print JSON and nothing else' } },
});

const applicationChecks = [environmentChecks, storageChecks, fileChecks, cacheChecks, queueChecks];

export class DoctorCommand implements Command<typeof signature> {
  static readonly signature = signature;

  async handle({
    app,
    codePath,
    options,
    output,
  }: CommandContext<typeof signature>): Promise<number> {
    const configuration: Check = {
      name: 'Configuration',
      run: async () => ok(`It is valid, for APP_ENV "${(await app()).config.app.env}".`),
    };
    const results = await runAll([...runtimeChecks, ...secretChecks(codePath), configuration]);
    if (results.at(-1)?.status === 'ok') {
      const booted = await app();
      results.push(...(await runAll(applicationChecks.flatMap((checksOf) => checksOf(booted)))));
    }
    const status = worstOf(results);
    if (options.json) output.json({ status, checks: results });
    else print(results, output);
    return status === 'fail' ? 1 : 0;
  }
}

/** One after the other: a check that opens a file must not be in the way of the next. */
async function runAll(checks: readonly Check[]): Promise<CheckResult[]> {
  const results: CheckResult[] = [];
  for (const check of checks) results.push(await runCheck(check));
  return results;
}

function print(results: readonly CheckResult[], output: Output): void {
  const { green, yellow, red, dim } = output.colors;
  const labels: Record<CheckStatus, string> = {
    ok: green('OK'),
    warn: yellow('WARN'),
    fail: red('FAIL'),
  };
  output.line();
  for (const { name, status, message, mend } of results) {
    output.twoColumn(name, labels[status]);
    output.line(`    ${dim(message.replaceAll('\n', '\n    '))}`);
    if (mend !== undefined) output.line(`    → ${mend}`);
  }
  output.line();
}
