import type { JobClass } from '../../queue/job';
import type { Scope } from '../../tenancy/container';
import type { TestApplication } from '../test-application';

/** A tenant of the suite. */
export interface IsolationTenant {
  readonly id: string;
  /** Text that is this tenant's alone: what it writes should hold it, so that it is known again where it must not be. */
  readonly canary: string;
  /** What `arrange` returned: ids of its rows. */
  readonly values: Readonly<Record<string, string | number>>;
}

/** A request of a tenant. Its host, or the path before it, is what the chain of config/tenancy.ts asks for. */
export interface IsolationRequest {
  /** Default: 'GET'. */
  readonly method?: string;
  /** Below the tenant's own address: '/notes'. */
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Text as it is, anything else as JSON. */
  readonly body?: unknown;
  /** The status of the answer. Default: any below 400. */
  readonly status?: number;
}

/** A job of a tenant. */
export interface IsolationJob {
  readonly job: JobClass;
  /** Its payload, or what makes it for a tenant. */
  readonly payload?: unknown;
}

/** What is to be proved of which application. */
export interface TenantIsolationOptions {
  /** A new application; the suite closes it. */
  readonly create: () => Promise<TestApplication>;
  /** Tenants, 2 to 8. Default: 3. */
  readonly tenants?: number;
  /** Writes what requests and jobs find, in the work of each tenant. @returns ids of the rows, for requests that name one */
  readonly arrange?: (
    tenant: Omit<IsolationTenant, 'values'>,
    scope: Scope,
  ) => Promise<IsolationTenant['values'] | void>;
  /** Requests that are sent for each tenant, or what makes one for a tenant: it is tried with the ids of the others, too. */
  readonly requests?: readonly (
    IsolationRequest | ((tenant: IsolationTenant) => IsolationRequest)
  )[];
  /** Jobs that are run for each tenant. */
  readonly jobs?: readonly (IsolationJob | ((tenant: IsolationTenant) => IsolationJob))[];
  /** Headers of every request of a tenant: where it takes a member to be let in. */
  readonly headers?: (
    tenant: IsolationTenant,
    app: TestApplication,
  ) => Readonly<Record<string, string>> | Promise<Readonly<Record<string, string>>>;
  /** Tables of the application's own files that the work of tenants may change. Default: none. */
  readonly allowCentral?: readonly string[];
}
