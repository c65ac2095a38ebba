import { join } from 'node:path';
import type { AppSettings } from '../../config/schema';
import { CENTRAL } from '../../support/scope-holder';
import type { TenantId } from '../../tenancy/tenant-id';
import { TenantPaths } from '../../tenancy/tenant-paths';
import type { Request } from '../request';
import { workOf } from '../request-work';
import type { MultipartLimits } from './multipart';
import { UploadFolder } from './upload-folder';

/** What takes the files of all requests: their limits, where they wait, and where they are stored. */
export class UploadDesk {
  readonly limits: MultipartLimits;
  readonly folder: UploadFolder;
  readonly #storagePath: string;

  constructor({ http }: AppSettings, storagePath: string) {
    const { folder, ...limits } = http.uploads;
    this.limits = { ...limits, maxTextBytes: http.bodyLimit };
    this.folder = new UploadFolder(folder);
    this.#storagePath = storagePath;
  }

  /** The folder that relative ones lie below: of whose request it is. */
  rootFor(request: Request): string {
    const identity = workOf(request)?.scope.identity ?? CENTRAL;
    return identity.kind === 'tenant'
      ? new TenantPaths(this.#storagePath).files(identity.tenantId as TenantId)
      : join(this.#storagePath, 'files');
  }
}
