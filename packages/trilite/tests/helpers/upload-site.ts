import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { TestApplication } from 'trilite/testing';

/** A form as it goes over the wire: parts as their headers and bytes. */
export interface Form {
  readonly type: string;
  readonly body: Buffer;
}

const BOUNDARY = 'x-boundary';

/** Puts a form together by hand, as no client would. */
export function form(
  parts: readonly (readonly [headers: string, content: string | Buffer])[],
  end = `--${BOUNDARY}--\r\n`,
): Form {
  const pieces = parts.flatMap(([headers, content]) => [
    Buffer.from(`--${BOUNDARY}\r\n${headers}\r\n\r\n`),
    Buffer.from(content),
    Buffer.from('\r\n'),
  ]);
  return {
    type: `multipart/form-data; boundary=${BOUNDARY}`,
    body: Buffer.concat([...pieces, Buffer.from(end)]),
  };
}

/** The headers of a file's part. */
export function file(field: string, name: string, type = 'application/octet-stream'): string {
  return `Content-Disposition: form-data; name="${field}"; filename="${name}"\r\nContent-Type: ${type}`;
}

/** The headers of a field's part. */
export function text(field: string): string {
  return `Content-Disposition: form-data; name="${field}"`;
}

/** What waits in the temporary folder. */
export function waiting(app: TestApplication): string[] {
  const { folder } = app.config.app.http.uploads;
  try {
    return readdirSync(folder);
  } catch {
    return []; // nobody has needed it yet
  }
}

/** What is below a folder of the storage. */
export function kept(app: TestApplication, folder = 'files'): string[] {
  return readdirSync(join(app.storagePath, folder), { recursive: true, encoding: 'utf8' }).sort();
}

/** A picture of one pixel. */
export const PNG = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==',
  'base64',
);
