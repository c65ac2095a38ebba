import { uploads, type UploadedFile } from 'trilite';
import type { Attachment } from '../tickets/ticket';

/** Files that come with a ticket or a comment. They are only ever downloaded, so any type may come. */
export const theFiles = uploads('files', { maxFiles: 5, maxBytes: '5mb' });

/** Stores files among those of the tenant. */
export function storeAll(files: readonly UploadedFile[]): Promise<Attachment[]> {
  return Promise.all(
    files.map(async (file) => ({
      name: file.name,
      bytes: file.bytes,
      stored: await file.store('attachments'),
    })),
  );
}
