import { isIP } from 'node:net';
import { z } from 'zod';
import { isDurationText, toMilliseconds } from '../support/duration';
import { parseBytes, SMALLEST_TENANT_FILE } from './bytes';

/** An object that refuses unknown keys, and names those it knows. */
function strict<S extends z.ZodRawShape>(shape: S): z.ZodObject<S, z.core.$strict> {
  return z.strictObject(shape, {
    error: (issue) =>
      issue.code === 'unrecognized_keys' ? Object.keys(shape).join(', ') : undefined,
  });
}

const name = z.string().regex(/^[a-z][a-z0-9_-]*$/i, 'a name of letters, digits, "-" and "_"');

/** Text with a unit, as milliseconds. Bare numbers are refused: nobody remembers whether they were seconds. */
const duration = z
  .string({ error: 'a duration with a unit, such as "500ms", "90s" or "10m"' })
  .refine(isDurationText, 'a duration with a unit, such as "500ms", "90s" or "10m"')
  .transform(toMilliseconds);

/** Text with a unit, as bytes. */
const bytes = z
  .string({ error: 'a size with a unit, such as "64kb" or "16mb"' })
  .transform(
    (text, context) =>
      parseBytes(text) ?? refuse(context, 'a size with a unit, such as "64kb" or "16mb"'),
  );

function refuse(context: z.RefinementCtx, message: string): never {
  context.addIssue({ code: 'custom', message });
  return z.NEVER;
}

/** A class, told from a plain function by its prototype being fixed. */
const classOf = z.custom<new (...args: never[]) => object>(
  (value) =>
    typeof value === 'function' &&
    Object.getOwnPropertyDescriptor(value, 'prototype')?.writable === false,
  'a class',
);

/** What signs and encrypts: a shorter text would sign as well, and be guessed. */
export const appKey = z
  .string()
  .regex(/^base64:[A-Za-z0-9+/]{43}=$/, '"base64:" and 32 bytes, as key:generate makes');

/** How long the server waits for somebody: for ever would be for everybody at once. */
const patience = duration.refine((ms) => ms > 0, 'more than nothing');

/** Addresses and networks, or the names of some that express knows. */
const proxies = z
  .string()
  .refine(
    (text) => text.split(',').every((one) => isProxy(one.trim())),
    'addresses and networks with commas, such as "loopback, 10.0.0.0/8"',
  );

function isProxy(text: string): boolean {
  if (['loopback', 'linklocal', 'uniquelocal'].includes(text)) return true;
  const [address = '', bits, ...rest] = text.split('/');
  const family = isIP(address);
  if (family === 0 || rest.length > 0) return false;
  return bits === undefined || (/^\d{1,3}$/.test(bits) && isWidth(Number(bits), family));
}

/** A network of all addresses is nobody's. */
function isWidth(bits: number, family: number): boolean {
  return bits > 0 && bits <= (family === 4 ? 32 : 128);
}

export const appSchema = strict({
  name: z.string().min(1).default('Trilite'),
  env: z.string().min(1).default('production'),
  key: appKey.optional(),
  previousKeys: z.array(appKey).default([]),
  debug: z.boolean().default(false),
  url: z.url().optional(),
  providers: z.array(classOf).default([]),
  http: strict({
    host: z.string().min(1).default('127.0.0.1'),
    port: z.int().min(0).max(65535).default(3000),
    bodyLimit: bytes.prefault('1mb'),
    trustProxy: z.union([z.boolean(), z.int().min(0), proxies]).default(false),
    requestTimeout: patience.prefault('2m'),
    headersTimeout: patience.prefault('20s'),
    keepAliveTimeout: patience.prefault('65s'),
    sendTimeout: patience.prefault('60s'),
    maxHeaderBytes: bytes
      .prefault('16kb')
      .refine((size) => size >= 1024 && size <= 1_048_576, '"1kb" to "1mb"'),
    shutdownTimeout: duration.prefault('10s'),
    uploads: strict({
      folder: z.string().min(1).default('uploads'),
      maxBytes: bytes.prefault('16mb').refine((size) => size > 0, 'more than nothing'),
      maxFiles: z.int().min(1).max(1000).default(20),
      maxFields: z.int().min(1).max(10_000).default(200),
    }).prefault({}),
    metrics: z
      .union([
        z.literal(false),
        strict({
          path: z
            .string()
            .regex(/^(?:\/[\w.-]+)+$/, 'a path such as "/metrics"')
            .default('/metrics'),
          token: z.string().min(16).optional(),
        }),
      ])
      .default(false),
  })
    .refine((http) => http.headersTimeout <= http.requestTimeout, {
      path: ['headersTimeout'],
      error: 'at most "http.requestTimeout", of which it is a part',
    })
    .prefault({}),
});

const sqlite = strict({
  driver: z.literal('sqlite'),
  file: z.string().min(1),
  journalMode: z.enum(['wal', 'delete', 'truncate', 'persist', 'memory']).default('wal'),
  synchronous: z.enum(['off', 'normal', 'full', 'extra']).default('normal'),
  busyTimeout: duration.prefault('5s'),
  foreignKeys: z.boolean().default(true),
  cacheSize: bytes.prefault('8mb'),
  mmapSize: bytes.prefault('0b'),
  journalSizeLimit: bytes.prefault('64mb'),
  autoVacuum: z.enum(['none', 'full', 'incremental']).default('incremental'),
  readers: z.int().min(1).max(100).default(8),
  readOnly: z.boolean().default(false),
  slowQuery: z.union([z.literal(false), duration]).prefault('500ms'),
  pragmas: z
    .record(
      z.string().regex(/^[a-z_]+$/, 'the name of a pragma'),
      z.union([z.string().regex(/^[\w.-]+$/, 'one word'), z.number()]),
    )
    .default({}),
});

export const databaseSchema = strict({
  default: name,
  connections: z.record(name, z.discriminatedUnion('driver', [sqlite])),
});

const storePrefix = z.string().max(64).optional();
const memoryBounds = {
  maxBytes: bytes.prefault('64mb').refine((size) => size > 0, 'more than nothing'),
  // So much room is reserved at once
  maxEntries: z.int().min(1).max(10_000_000).default(100_000),
};

export const cacheSchema = strict({
  default: name,
  prefix: z.string().max(64).default(''),
  lockConnection: name.optional(),
  lockStore: name.optional(),
  stores: z.record(
    name,
    z.discriminatedUnion('driver', [
      strict({
        driver: z.literal('sqlite'),
        connection: name,
        prefix: storePrefix,
        maxBytes: bytes.optional(),
        maxEntries: z.int().min(1).optional(),
        compressFrom: bytes.optional(),
      }),
      strict({ driver: z.literal('memory'), prefix: storePrefix, ...memoryBounds }),
      strict({
        driver: z.literal('redis'),
        url: z.url({
          protocol: /^rediss?$/,
          error: 'an address such as "redis://127.0.0.1:6379"',
        }),
        prefix: storePrefix,
        namespace: z.string().min(1).max(64).default('trilite:'),
        timeout: duration.prefault('1s'),
      }),
      strict({ driver: z.literal('null') }),
      strict({ driver: z.literal('tiered'), store: name, ...memoryBounds }),
      strict({ driver: z.literal('failover'), stores: z.array(name).min(1) }),
      strict({
        driver: z.literal('custom'),
        name,
        prefix: storePrefix,
        options: z.record(z.string(), z.unknown()).default({}),
      }),
    ]),
  ),
});

const maxPayload = bytes.prefault('1mb');

export const queueSchema = strict({
  default: name,
  connections: z.record(
    name,
    z.discriminatedUnion('driver', [
      strict({
        driver: z.literal('sqlite'),
        connection: name,
        lease: duration.prefault('90s'),
        keepFinished: duration.prefault('1h'),
        maxPayload,
      }),
      strict({
        driver: z.literal('memory'),
        lease: duration.prefault('90s'),
        keepFinished: duration.prefault('1h'),
        maxPayload,
      }),
      strict({ driver: z.literal('sync') }),
      strict({ driver: z.literal('null') }),
      strict({ driver: z.literal('failover'), connections: z.array(name).min(1) }),
    ]),
  ),
});

const quota = (least: number) =>
  bytes.refine((size) => size >= least, `at least "${least / 1024}kb"`).optional();

/** A host name without port, in lower case; an IPv6 address in brackets. */
const host = z
  .string()
  .toLowerCase()
  .regex(/^(?:[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?|\[[0-9a-f:.]+\])$/, 'a host name without port');
const headerName = z.string().regex(/^[a-z0-9-]+$/i, 'the name of a header');
const word = z.string().regex(/^[\w-]+$/, 'letters, digits, "-" and "_"');

const identification = strict({
  chain: z
    .array(z.enum(['token', 'domain', 'subdomain', 'path', 'header', 'query', 'cookie']))
    .default(['domain']),
  baseDomain: host.optional(),
  centralDomains: z.array(host).default(['localhost', '127.0.0.1', '[::1]']),
  path: z
    .string()
    .regex(/^(?:\/[\w-]+)+$/, 'the beginning of a path, such as "/t"')
    .default('/t'),
  header: headerName.default('X-Tenant'),
  query: word.default('tenant'),
  cookie: word.default('tenant'),
  token: headerName.default('X-Tenant-Token'),
  onMissing: z.enum(['central', 'refuse']).default('central'),
});

export const tenancySchema = strict({
  mode: z.enum(['off', 'files', 'single']).default('off'),
  migrations: strict({
    onOpen: z.enum(['refuse', 'migrate', 'allow-newer']).default('refuse'),
  }).prefault({}),
  identification: identification.prefault({}),
  quotas: strict({
    database: quota(SMALLEST_TENANT_FILE.database),
    cache: quota(SMALLEST_TENANT_FILE.cache),
    queue: quota(SMALLEST_TENANT_FILE.queue),
    jobsPending: z.int().min(1).optional(),
  }).prefault({}),
});

export const sessionSchema = strict({
  lifetime: duration.prefault('2h').refine((ms) => ms >= 60_000, 'at least "1m"'),
  maxLifetime: duration.prefault('30d').refine((ms) => ms >= 60_000, 'at least "1m"'),
  expireOnClose: z.boolean().default(false),
  connection: name.optional(),
  cookie: word.optional(),
  path: z.string().startsWith('/', 'a path that begins with "/"').optional(),
  domain: host.optional(),
  secure: z.union([z.literal('auto'), z.boolean()]).default('auto'),
  sameSite: z.enum(['lax', 'strict', 'none']).default('lax'),
});

export const loggingSchema = strict({
  level: z.enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent']).default('info'),
  format: z.enum(['json', 'pretty']).default('json'),
  access: z.union([z.boolean(), strict({ ip: z.boolean().default(false) })]).optional(),
});

export type AppSettings = z.output<typeof appSchema>;
export type DatabaseSettings = z.output<typeof databaseSchema>;
export type SqliteSettings = z.output<typeof sqlite>;
export type CacheSettings = z.output<typeof cacheSchema>;
export type CacheStoreSettings = CacheSettings['stores'][string];
export type QueueSettings = z.output<typeof queueSchema>;
export type QueueConnectionSettings = QueueSettings['connections'][string];
export type TenancySettings = z.output<typeof tenancySchema>;
export type IdentificationSettings = TenancySettings['identification'];
export type SessionSettings = z.output<typeof sessionSchema>;
export type LoggingSettings = z.output<typeof loggingSchema>;
