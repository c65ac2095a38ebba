import type { FrameworkError } from '../../support/errors';
import type { Tenant } from '../../tenancy/tenant';
import type { Request } from '../request';

/**
 * How far a claim is believed: a `token` was signed here, a `host` and a `path` are where the tenant's pages are, a `hint` is what anybody can
 * write into any request, and names a tenant only for its members.
 */
export type TenantTrust = 'token' | 'host' | 'path' | 'hint';

/** The most trusted first. */
export const TRUSTS: readonly TenantTrust[] = ['token', 'host', 'path', 'hint'];

/** What a part of a request says of its tenant. Its form was checked, whether there is such a tenant was not. */
export interface TenantClaim {
  /** The part, as a person calls it. */
  readonly source: string;
  readonly trust: TenantTrust;
  find(): Promise<Tenant | undefined>;
  /** The error that is thrown when there is none. */
  readonly unknown: () => FrameworkError;
}

/**
 * A way of an application's own to tell whose a request is. Runs for the application itself, before the body is read.
 *
 * @example
 * import { defineHttpKernel, type TenantResolver } from 'trilite';
 *
 * const byCertificate: TenantResolver = {
 *   name: 'client certificate',
 *   trust: 'token',
 *   resolve: (request) => request.get('X-Client-Organization'), // set by the proxy, which lets no client set it
 * };
 *
 * export default defineHttpKernel({ resolvers: [byCertificate] });
 */
export interface TenantResolver {
  /** What messages call it. */
  readonly name: string;
  readonly trust: TenantTrust;
  /** @returns the tenant's id, or undefined for a request that says nothing of it */
  readonly resolve: (request: Request) => string | undefined | Promise<string | undefined>;
}

/** Whether somebody may use a tenant: asked of whoever is let in by a hint alone. Only `true` is a yes. */
export type TenantMembership = (request: Request, tenant: Tenant) => boolean | Promise<boolean>;
