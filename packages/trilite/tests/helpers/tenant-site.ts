import { connect } from 'node:net';
import type { Application, ApplicationOptions } from '../../src/application';
import { HttpServer } from '../../src/http/http-server';
import type { RouteFile } from '../../src/http/router';
import type { JobClass } from '../../src/queue/job';
import { exportDefault, type TestProject } from './project';
import { createTenantProject, openTenantApplication } from './tenants';

/** What differs in a site from one that knows its tenants by their domains. */
export interface TenantSiteOptions {
  /** The value of `identification` in config/tenancy.js, as code. */
  readonly identification?: string;
  /** The value that app/http/kernel.js exports, as code. */
  readonly kernel?: string;
  readonly files?: Readonly<Record<string, string>>;
  readonly routes?: RouteFile;
  readonly tenantRoutes?: RouteFile;
  readonly jobs?: readonly JobClass[];
  /** Each with the domain `{id}.example`. Default: acme and globex. */
  readonly tenants?: readonly string[];
}

/** An application with tenants, and a server in front of it. */
export interface TenantSite {
  readonly app: Application;
  readonly project: TestProject;
  readonly port: number;
  /** Sends a request over a connection of its own. */
  ask(request: RawRequest): Promise<RawAnswer>;
  /** Sends bytes as they are. */
  send(bytes: string): Promise<RawAnswer>;
  close(): Promise<void>;
}

/** A request as it goes over the wire: nothing of it is encoded or made valid. */
export interface RawRequest {
  readonly method?: string;
  /** Default: '/'. */
  readonly path?: string;
  /** Default: 'localhost'. */
  readonly host?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

/** What came back. */
export interface RawAnswer {
  readonly status: number;
  /** By names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly text: string;
  /** The text as JSON; undefined when it is none. */
  readonly json: Record<string, unknown> | undefined;
}

const APP_KEY = `base64:${Buffer.alloc(32, 7).toString('base64')}`;

/** Opens an application with tenants, and lets it listen. */
export async function openTenantSite(options: TenantSiteOptions = {}): Promise<TenantSite> {
  const { identification = '{}', kernel, files, tenants = ['acme', 'globex'] } = options;
  const project = createTenantProject({
    'config/app.js': exportDefault(`{ key: '${APP_KEY}' }`),
    'config/tenancy.js': exportDefault(`{ mode: 'files', identification: ${identification} }`),
    ...(kernel !== undefined && { 'app/http/kernel.js': exportDefault(kernel) }),
    ...files,
  });
  const given: Partial<ApplicationOptions> = {
    ...(options.routes && { routes: options.routes }),
    ...(options.jobs && { jobs: options.jobs }),
    ...(options.tenantRoutes && { tenantRoutes: options.tenantRoutes }),
  };
  const app = await openTenantApplication(project, given);
  for (const id of tenants) await app.tenancy.create({ id, domains: [`${id}.example`] });
  const server = new HttpServer(app.http().handler);
  const port = Number(new URL(await server.start({ host: '127.0.0.1', port: 0 })).port);
  return {
    app,
    project,
    port,
    ask: (request) => exchange(port, textOf(request)),
    send: (bytes) => exchange(port, bytes),
    close: async () => {
      await server.stop(0);
      await app.close();
      project.remove();
    },
  };
}

/** A request as text. */
export function textOf({
  method = 'GET',
  path = '/',
  host = 'localhost',
  headers = {},
  body = '',
}: RawRequest): string {
  const lines = Object.entries({
    Host: host,
    Connection: 'close',
    ...(body !== '' && { 'Content-Length': String(Buffer.byteLength(body)) }),
    ...headers,
  }).map(([name, value]) => `${name}: ${value}`);
  return `${method} ${path} HTTP/1.1\r\n${lines.join('\r\n')}\r\n\r\n${body}`;
}

/** Sends bytes, and reads until the server ends the connection. */
export async function exchange(port: number, bytes: string): Promise<RawAnswer> {
  const chunks: Buffer[] = [];
  await new Promise<void>((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.on('data', (chunk) => chunks.push(chunk));
    socket.on('error', () => undefined).once('close', () => resolve());
    socket.write(Buffer.from(bytes, 'utf8'));
  });
  return parseAnswer(Buffer.concat(chunks).toString());
}

function parseAnswer(text: string): RawAnswer {
  const end = text.indexOf('\r\n\r\n');
  const [first = '', ...lines] = text.slice(0, end).split('\r\n');
  const headers = Object.fromEntries(
    lines.map((line) => {
      const colon = line.indexOf(':');
      return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()];
    }),
  );
  const rest = text.slice(end + 4);
  const body = headers['transfer-encoding'] === 'chunked' ? unchunked(rest) : rest;
  return { status: Number(first.split(' ')[1]), headers, text: body, json: parseJson(body) };
}

function unchunked(text: string): string {
  const parts: string[] = [];
  for (let at = 0; ;) {
    const lineEnd = text.indexOf('\r\n', at);
    const size = parseInt(text.slice(at, lineEnd), 16);
    if (!(size > 0)) return parts.join('');
    parts.push(text.slice(lineEnd + 2, lineEnd + 2 + size));
    at = lineEnd + 4 + size;
  }
}

function parseJson(text: string): Record<string, unknown> | undefined {
  try {
    return JSON.parse(text) as Record<string, unknown>;
  } catch {
    return undefined;
  }
}
