import type { IncomingMessage } from 'node:http';
import { join, resolve } from 'node:path';
import type { ScopeIdentity } from '../../support/scope-holder';
import type { TenantId } from '../../tenancy/tenant-id';
import { TenantPaths } from '../../tenancy/tenant-paths';
import { workOf } from '../request-work';

/**
 * The folder of whoever the work is for, where `store` of an upload puts files, and `sendFile` and `download` look for them: `files` of the storage
 * folder, or of the tenant's own.
 *
 * @example
 * import { injectable, StoredFiles } from 'trilite';
 *
 * \@injectable()
 * export class Albums {
 *   constructor(private readonly files: StoredFiles) {}
 *
 *   folder() {
 *     return this.files.path('pictures'); // storage/files/pictures
 *   }
 * }
 */
export class StoredFiles {
  readonly folder: string;

  constructor(storagePath: string, identity: ScopeIdentity) {
    this.folder =
      identity.kind === 'tenant'
        ? new TenantPaths(storagePath).files(identity.tenantId as TenantId)
        : join(storagePath, 'files');
  }

  /** The whole path of what `store` gave. It is not looked at: what people say belongs to `sendFile`, which leaves no folder. */
  path(...segments: readonly string[]): string {
    return resolve(this.folder, ...segments);
  }
}

/** Those of whose request it is. */
export function storedFilesOf(request: IncomingMessage): StoredFiles {
  const work = workOf(request);
  if (work === undefined) throw new Error('Expected a request in its work.');
  return work.scope.make(StoredFiles);
}
