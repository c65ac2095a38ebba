import { randomBytes } from 'node:crypto';
import { request as httpRequest } from 'node:http';
import { HttpServer } from '../../http/http-server';
import type { JobClass } from '../../queue/job';
import { QueueDispatcher, type DispatchArguments } from '../../queue/queue-dispatcher';
import type { WorkerEvent } from '../../queue/queue-events';
import { QueueRegistry } from '../../queue/queue-registry';
import { toError } from '../../support/errors';
import { pathAt, tenantPlace } from '../http/tenant-place';
import type { TestApplication } from '../test-application';
import type {
  IsolationJob,
  IsolationRequest,
  IsolationTenant,
  TenantIsolationOptions,
} from './isolation-options';
import { takeSnapshot, type IsolationSnapshot } from './isolation-snapshot';

/** What came back to a request. */
export interface IsolationAnswer {
  readonly status: number;
  /** Head and body. */
  readonly text: string;
}

const MOST_TENANTS = 8;

/** How jobs are worked: each once, until none is due. */
const WORK = {
  tries: 1,
  timeoutMs: 0,
  backoff: 0,
  isWatched: false,
  sleepMs: 10,
  shutdownMs: 1000,
  stopWhenEmpty: true,
  once: false,
} as const;

/** An application with tenants that know each other by nothing, and a server in front of it. */
export class IsolationSite {
  readonly app: TestApplication;
  readonly tenants: readonly IsolationTenant[];
  readonly #options: TenantIsolationOptions;
  readonly #server: HttpServer;
  readonly #port: number;

  private constructor(
    app: TestApplication,
    tenants: readonly IsolationTenant[],
    facts: {
      readonly options: TenantIsolationOptions;
      readonly server: HttpServer;
      readonly port: number;
    },
  ) {
    this.app = app;
    this.tenants = tenants;
    this.#options = facts.options;
    this.#server = facts.server;
    this.#port = facts.port;
  }

  /** Opens it, and has each tenant's rows written. */
  static async open(options: TenantIsolationOptions): Promise<IsolationSite> {
    const count = options.tenants ?? 3;
    if (!Number.isSafeInteger(count) || count < 2 || count > MOST_TENANTS) {
      throw new RangeError(`Expected \`tenants\` to be 2 to ${MOST_TENANTS}, got \`${count}\`.`);
    }
    const app = await options.create();
    try {
      if (app.config.tenancy.mode === 'off') {
        throw new Error('It has no tenants: see "mode" in config/tenancy.ts.');
      }
      const tenants: IsolationTenant[] = [];
      for (const letter of 'abcdefgh'.slice(0, count)) {
        tenants.push(await createTenant(app, letter, options));
      }
      const server = new HttpServer(app.http().handler);
      const url = new URL(await server.start({ host: '127.0.0.1', port: 0 }));
      return new IsolationSite(app, tenants, { options, server, port: Number(url.port) });
    } catch (error) {
      await app.close();
      throw error;
    }
  }

  /** Sends a request for a tenant, and reads the whole answer. */
  async ask(tenant: IsolationTenant, request: IsolationRequest): Promise<IsolationAnswer> {
    const place = await tenantPlace(this.app, tenant.id);
    const { body } = request;
    const text = body === undefined || typeof body === 'string' ? body : JSON.stringify(body);
    return exchange(
      {
        port: this.#port,
        method: request.method ?? 'GET',
        path: pathAt(place, request.path),
        headers: {
          Host: new URL(place.address.origin).host,
          Connection: 'close',
          ...(text !== body && { 'Content-Type': 'application/json' }),
          ...place.headers,
          ...(await this.#options.headers?.(tenant, this.app)),
          ...request.headers,
        },
      },
      text,
    );
  }

  /** Stores a job in a tenant's queue. */
  async dispatch(tenant: IsolationTenant, { job, payload }: IsolationJob): Promise<void> {
    await this.app.tenancy.run(tenant.id, (_tenant, scope) =>
      // Their types are what the suite's options cannot say
      scope
        .make(QueueDispatcher)
        .dispatch(job, ...([payload] as unknown as DispatchArguments<JobClass>)),
    );
  }

  /** Runs the jobs of all tenants until none is due. @returns what went wrong */
  async work(concurrency: number): Promise<string[]> {
    const { app } = this;
    const problems: string[] = [];
    const options = { ...WORK, concurrency };
    const tell = (event: WorkerEvent, tenantId?: string): void => {
      if (!('error' in event)) return;
      const owner = 'job' in event ? event.job.tenantId : undefined;
      problems.push(`A job of "${tenantId ?? owner ?? 'nobody'}": ${event.error.message}`);
    };
    if (app.config.tenancy.mode === 'single') {
      const { defaultName, queueNames } = app.queues;
      await app.queues.worker(defaultName, { ...options, queues: queueNames }, tell).run();
      return problems;
    }
    const onError = (error: unknown, tenantId: string | undefined): void => {
      problems.push(`The worker, of "${tenantId ?? 'nobody'}": ${toError(error).message}`);
    };
    await app.tenantWorker({ ...options, maxPerTenant: 2 }, { tell, onError }).run();
    return problems;
  }

  /** Reads what lies on the disk, once what was committed is relayed: a job on its way would be taken for work of whoever comes next. */
  async snapshot(): Promise<IsolationSnapshot> {
    for (const { id } of this.tenants) {
      await this.app.tenancy.run(id, async (_tenant, scope) => {
        const { outbox } = scope.make(QueueRegistry);
        await outbox.relay();
        await outbox.flush();
      });
    }
    return takeSnapshot(this.app, this.tenants);
  }

  async close(): Promise<void> {
    await this.#server.stop(0);
    await this.app.close();
  }
}

async function createTenant(
  app: TestApplication,
  letter: string,
  { arrange }: TenantIsolationOptions,
): Promise<IsolationTenant> {
  const facts = {
    id: `isolation-${letter}`,
    canary: `canary-${letter}-${randomBytes(8).toString('hex')}`,
  };
  await app.tenancy.create({ id: facts.id, domains: [`${facts.id}.example`] });
  const values = await app.tenancy.run(facts.id, (_tenant, scope) => arrange?.(facts, scope));
  return { ...facts, values: values ?? {} };
}

function exchange(
  options: {
    readonly port: number;
    readonly method: string;
    readonly path: string;
    readonly headers: Readonly<Record<string, string>>;
  },
  body: string | undefined,
): Promise<IsolationAnswer> {
  return new Promise((resolve, reject) => {
    const request = httpRequest({ host: '127.0.0.1', ...options }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', reject);
      response.on('end', () => {
        const text = Buffer.concat(chunks).toString();
        const { rawHeaders, statusCode = 0 } = response;
        resolve({ status: statusCode, text: `${rawHeaders.join('\n')}\n\n${text}` });
      });
    });
    request.on('error', reject);
    request.end(body);
  });
}
