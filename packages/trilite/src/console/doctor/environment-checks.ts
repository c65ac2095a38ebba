import { statSync } from 'node:fs';
import { join } from 'node:path';
import { projectAt } from '../../config/project';
import type { Config } from '../../config/load-config';
import type { Maintenance } from '../../support/maintenance';
import { fail, ok, warn, type ApplicationChecks, type Check, type Finding } from './check';

const OTHERS_READ = 0o004;

/** Whether secrets are kept. Needs no configuration that can be loaded. */
export function secretChecks(codePath: string): Check[] {
  const file = join(projectAt(codePath).basePath, '.env');
  return [{ name: '.env', run: () => checkEnvFile(file) }];
}

/** Whether the settings suit where the application runs. */
export const environmentChecks: ApplicationChecks = ({ config, maintenance }) => [
  { name: 'APP_KEY', run: () => judgeKey(config.app) },
  { name: 'Maintenance', run: () => judgeMaintenance(maintenance) },
];

/** Judges whether an application that is down is meant to be. */
export function judgeMaintenance(maintenance: Pick<Maintenance, 'state' | 'file'>): Finding {
  const state = maintenance.state();
  if (state === undefined) return ok('The application is up.');
  const mend = 'Run "artisan up" once that is over.';
  if (state.damage !== undefined) {
    const why = `"${maintenance.file}" cannot be read: ${state.damage.message}`;
    return fail(`The application is down, for ${why}`, mend);
  }
  return warn(`The application is down since ${new Date(state.since).toISOString()}.`, mend);
}

/** Judges the key of an application. */
export function judgeKey({ key, env }: Pick<Config['app'], 'key' | 'env'>): Finding {
  if (key !== undefined) return ok('There is one.');
  const mend =
    'Run "artisan key:generate", or set APP_KEY to what "artisan key:generate --show" prints.';
  return env === 'production'
    ? fail('There is none, and this is production.', mend)
    : ok('There is none; production needs one.');
}

function checkEnvFile(file: string): Finding {
  const stat = statSync(file, { throwIfNoEntry: false });
  if (stat === undefined) return ok('There is none; the environment of the process counts.');
  if ((stat.mode & OTHERS_READ) === 0) return ok('Other users of this machine cannot read it.');
  return warn(
    'Every user of this machine can read it, and the secrets in it.',
    `Run "chmod 600 ${file}".`,
  );
}
