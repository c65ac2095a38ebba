import type { AppSettings } from '../../config/schema';
import type { Request } from '../request';
import type { MultipartLimits } from './multipart';
import { storedFilesOf } from './stored-files';
import { UploadFolder } from './upload-folder';

/** What takes the files of all requests: their limits, where they wait, and where they are stored. */
export class UploadDesk {
  readonly limits: MultipartLimits;
  readonly folder: UploadFolder;

  constructor({ http }: AppSettings) {
    const { folder, ...limits } = http.uploads;
    this.limits = { ...limits, maxTextBytes: http.bodyLimit };
    this.folder = new UploadFolder(folder);
  }

  /** The folder that relative ones lie below: of whose request it is. */
  rootFor(request: Request): string {
    return storedFilesOf(request).folder;
  }
}
