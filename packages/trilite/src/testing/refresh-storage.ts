import { openConnections, type OpenConnection } from '../database/connection-holder';
import type { Application } from '../application';
import { delayMs, monotonicMs } from '../support/clock';
import { TestDatabaseError } from './errors';
import { refillFolder } from './storage-template';

/** How long what was asked for may take to end. */
const WAIT_MS = 2000;

const PAUSE_MS = 2;

/**
 * Has every file of an application closed, then copies the template in their place: each is opened again at its next use, and whoever holds
 * a connection notices nothing. A file that is open is never replaced: its handle would go on with one that has no name.
 */
export async function refreshStorage(
  app: Application,
  template: string | undefined,
): Promise<void> {
  const { storagePath } = app.config;
  await app.tenancy.close();
  const since = monotonicMs();
  for (;;) {
    app.connections.rest();
    // There is none where tenants have no queue files
    if (app.config.tenancy.mode === 'files') app.workIndex.rest();
    const open = openIn(storagePath);
    if (open.length === 0) break;
    if (monotonicMs() - since > WAIT_MS) {
      throw TestDatabaseError.inUse(open.map(({ name, file }) => `connection "${name}" (${file})`));
    }
    await delayMs(PAUSE_MS);
  }
  refillFolder(storagePath, template);
}

function openIn(folder: string): OpenConnection[] {
  return [...openConnections].filter(({ file }) => file.startsWith(`${folder}/`));
}
