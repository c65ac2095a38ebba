import { driverVersions, loadDriver } from '../../database/connection-driver';
import { descriptorLimit } from '../../support/descriptor-limit';
import { ok, fail, warn, type Check, type Finding } from './check';

/** Descriptors below which a web server runs out: each request takes one, each file up to five. */
const FEW_DESCRIPTORS = 1024;
const TOO_FEW_DESCRIPTORS = 128;

/** What this process runs on. */
export const runtimeChecks: readonly Check[] = [
  { name: 'SQLite driver', run: checkDriver },
  { name: 'Open files', run: () => judgeDescriptors(descriptorLimit()) },
];

function checkDriver(): Finding {
  loadDriver(); // refuses what would crash or corrupt
  const { driver, sqlite } = driverVersions();
  return ok(`Node ${process.versions.node}, better-sqlite3 ${driver}, SQLite ${sqlite}.`);
}

/** Judges a limit of open files. */
export function judgeDescriptors(limit: number | undefined): Finding {
  if (limit === undefined) return ok('The limit of open files is not known on this system.');
  const message = `This process may have ${limit} files open.`;
  const mend = 'Raise it: "ulimit -n 65536", or LimitNOFILE=65536 in the unit of systemd.';
  if (limit < TOO_FEW_DESCRIPTORS) return fail(message, mend);
  return limit < FEW_DESCRIPTORS ? warn(message, mend) : ok(message);
}
