import { parse } from 'yaml';
import { litestreamConfig, replicaProblem } from '../../../src/database/care/litestream';

const files = [
  { connection: 'default', file: '/srv/app/database.sqlite' },
  { connection: 'queue', file: '/srv/app/queue.sqlite' },
];

interface Config {
  readonly dbs: readonly { readonly path: string; readonly replica: Record<string, string> }[];
}

/** As Litestream reads it: the environment is put in before the YAML is read, and what is not set is nothing. */
function read(text: string, environment: Record<string, string> = {}): Config {
  return parse(
    text.replace(/\$(?:\{(\w*)\}|(\w*))/g, (_, braced?: string, bare?: string) => {
      return environment[braced ?? bare ?? ''] ?? '';
    }),
  ) as Config;
}

const urls = (text: string, environment?: Record<string, string>): (string | undefined)[] =>
  read(text, environment).dbs.map(({ replica }) => replica['url']);

test('each file has a replica of its own below the URL', () => {
  expect(read(litestreamConfig(files, 's3://bucket/app'))).toEqual({
    dbs: [
      { path: '/srv/app/database.sqlite', replica: { url: 's3://bucket/app/default' } },
      { path: '/srv/app/queue.sqlite', replica: { url: 's3://bucket/app/queue' } },
    ],
  });
});

test.each([
  ['s3://bucket', 's3://bucket/default'],
  ['s3://bucket/', 's3://bucket/default'],
  ['s3://bucket/a/b//', 's3://bucket/a/b/default'],
  [
    's3://bucket/a?endpoint=s3.example.test:9000&region=auto',
    's3://bucket/a/default?endpoint=s3.example.test:9000&region=auto',
  ],
  [
    's3://arn:aws:s3:eu-west-1:123456789012:accesspoint/name/a',
    's3://arn:aws:s3:eu-west-1:123456789012:accesspoint/name/a/default',
  ],
  ['gs://bucket/a', 'gs://bucket/a/default'],
  ['abs://account@container/a', 'abs://account@container/a/default'],
  ['sftp://user@host:22/a b', 'sftp://user@host:22/a b/default'],
])('"%s" becomes "%s"', (given, expected) => {
  expect(replicaProblem(given)).toBeUndefined();
  expect(urls(litestreamConfig(files, given))[0]).toBe(expected);
});

test('a folder is written as a path', () => {
  const text = litestreamConfig(files, 'file:///mnt/back%20ups/');
  expect(read(text).dbs[1]?.replica).toEqual({ type: 'file', path: '/mnt/back ups/queue' });
});

test('without a URL Litestream reads one from its environment', () => {
  const text = litestreamConfig(files);
  expect(text).toContain('LITESTREAM_REPLICA_URL');
  expect(urls(text, { LITESTREAM_REPLICA_URL: 's3://b/c' })).toEqual([
    's3://b/c/default',
    's3://b/c/queue',
  ]);
});

test.each([
  `/srv/it's "odd": #1/$HOME/\${HOME}/back\\slash`,
  '/srv/- [a, b]: {c} & *d ! | > % @ `e`',
  '/srv/Grüße 🚀/true',
  '/srv/line\nbreak\tand tab',
])('the path %j comes back as it is', (file) => {
  const text = litestreamConfig([{ connection: 'default', file }], 's3://bucket');
  expect(read(text, { HOME: '/root' }).dbs[0]?.path).toBe(file);
});

test('no files give a configuration without files', () => {
  expect(read(litestreamConfig([], 's3://bucket'))).toEqual({ dbs: [] });
});

test.each([
  ['s3://bucket', ['AWS_ACCESS_KEY_ID', 'LITESTREAM_ACCESS_KEY_ID']],
  ['gs://bucket', ['GOOGLE_APPLICATION_CREDENTIALS']],
  ['abs://a@b/c', ['LITESTREAM_AZURE_ACCOUNT_KEY']],
  ['sftp://user@host/a', ['key-path']],
])('a comment says where the credentials of %s come from', (url, names) => {
  for (const name of names) expect(litestreamConfig(files, url)).toContain(name);
});

test.each([
  ['/mnt/backups', 'begins with'],
  ['bucket/path', 'begins with'],
  ['https://bucket/path', 'begins with'],
  ['gcs://bucket/path', 'begins with'],
  ['s3:///path', 'bucket'],
  ['s3://bucket/a#b', 'begins with'],
  ['file://host/path', 'absolute path'],
  ['file:relative', 'begins with'],
  ['file:///a%2Fb', 'absolute path'],
  ['sftp://user:secret@host/a', 'credentials'],
  ['s3://key:secret@bucket/a', 'credentials'],
  ['s3://bucket/a?secret-access-key=abc', 'credentials'],
  ['s3://bucket/a?AccessKeyId=abc', 'credentials'],
])('"%s" is refused', (url, problem) => {
  expect(replicaProblem(url)).toContain(problem);
});
