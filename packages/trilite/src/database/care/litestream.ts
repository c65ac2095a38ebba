import { fileURLToPath } from 'node:url';
import { join } from 'node:path';

/*
 * What Litestream is told: its configuration file, for version 0.5 and later.
 *
 * @see https://litestream.io/reference/config/
 */

/** A file to replicate. */
export interface ReplicatedFile {
  readonly connection: string;
  readonly file: string;
}

/** Which credentials Litestream reads from its environment, by the scheme of the URL. */
const CREDENTIALS: Readonly<Record<string, readonly string[]>> = {
  s3: [
    'AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or',
    'LITESTREAM_ACCESS_KEY_ID and LITESTREAM_SECRET_ACCESS_KEY.',
  ],
  gs: ['GOOGLE_APPLICATION_CREDENTIALS, where the machine has no credentials of its own.'],
  abs: ['LITESTREAM_AZURE_ACCOUNT_KEY or LITESTREAM_AZURE_SAS_TOKEN.'],
  sftp: [
    'nothing: add "key-path:" with the file of a private key, and "host-key:", to each replica.',
  ],
  file: ['nothing: these are folders of this machine, best of another disk.'],
};

const FROM_ENVIRONMENT = 'LITESTREAM_REPLICA_URL';
const URL_PARTS = /^([a-z0-9]+):\/\/([^/?#]*)([^?#]*)(\?[^#]*)?$/i;

/** What is wrong with the URL of a replica, as a sentence without its full stop; undefined when nothing is. */
export function replicaProblem(url: string): string | undefined {
  const [, scheme = '', authority = '', , query = ''] = URL_PARTS.exec(url) ?? [];
  const known = Object.keys(CREDENTIALS).map((one) => `${one}://`);
  if (!(scheme in CREDENTIALS)) return `Expected a URL that begins with one of ${known.join(', ')}`;
  if (scheme === 'file') {
    return isFileUrl(url) ? undefined : 'Expected file:// and an absolute path';
  }
  if (authority === '') return `Expected a bucket, container or host behind "${scheme}://"`;
  if (/:[^@]*@/.test(authority) || /(secret|password|token|key)[^=&]*=/i.test(query)) {
    return 'A replica URL goes into a file: credentials belong in the environment of Litestream';
  }
  return undefined;
}

/**
 * The text of a litestream.yml that replicates files below a URL, each to a place named after its connection.
 *
 * @param url a URL without a problem; without one, Litestream reads it from LITESTREAM_REPLICA_URL
 */
export function litestreamConfig(files: readonly ReplicatedFile[], url?: string): string {
  const lines = [...heading(url), 'dbs:'];
  if (files.length === 0) return `${[...heading(url), 'dbs: []'].join('\n')}\n`;
  for (const { connection, file } of files) {
    lines.push(`  - path: ${quoted(file)} # connection "${connection}"`, '    replica:');
    lines.push(...replica(connection, url).map((line) => `      ${line}`));
  }
  return `${lines.join('\n')}\n`;
}

function heading(url: string | undefined): string[] {
  const lines = [
    '# Written by "artisan db:litestream". Start with: litestream replicate -config <this file>',
  ];
  if (url === undefined) {
    lines.push(`# Where to is read from ${FROM_ENVIRONMENT}, such as s3://bucket/path.`);
  }
  const scheme = url === undefined ? 's3' : (URL_PARTS.exec(url)?.[1] ?? '');
  const [first = '', ...more] = CREDENTIALS[scheme] ?? [];
  return [
    ...lines,
    `# Credentials: Litestream reads ${first}`,
    ...more.map((line) => `#   ${line}`),
  ];
}

function replica(connection: string, url: string | undefined): string[] {
  if (url === undefined) return [`url: "\${${FROM_ENVIRONMENT}}/${connection}"`];
  // As a path: Litestream takes what stands in a file URL as it is, %20 and all.
  if (isFileUrl(url)) {
    return ['type: file', `path: ${quoted(join(fileURLToPath(url), connection))}`];
  }
  const [, scheme = '', authority = '', path = '', query = ''] = URL_PARTS.exec(url) ?? [];
  return [
    `url: ${quoted(`${scheme}://${authority}${path.replace(/\/+$/, '')}/${connection}${query}`)}`,
  ];
}

function isFileUrl(url: string): boolean {
  if (!/^file:\/\/\//.test(url) || /[?#]/.test(url)) return false;
  try {
    return fileURLToPath(url) !== '';
  } catch {
    return false;
  }
}

/** A text in YAML. Litestream puts its environment in for every "$" before it reads the file: that one is written in another way. */
function quoted(text: string): string {
  return JSON.stringify(text).replaceAll('$', '\\x24');
}
