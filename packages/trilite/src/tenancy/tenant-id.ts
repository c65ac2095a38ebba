import { TenantIdInvalidError } from './errors';

/**
 * What a tenant's id may be: a DNS label in lower case, so that it is the same on every file system, in every header and in every host name.
 * Two hyphens in a row are kept for punycode.
 */
const PATTERN = /^[a-z0-9](?:[a-z0-9-]{0,38}[a-z0-9])?$/;

declare const checked: unique symbol;

/** The id of a tenant that was checked. Ids name folders: nothing but what `parseTenantId` made reaches a path. */
export type TenantId = string & { readonly [checked]: true };

/**
 * Checks what claims to be the id of a tenant. What does not fit is refused, never repaired: two spellings of one id would be two ways to one
 * folder, or one way to two.
 *
 * @param raw 1 to 40 characters `a` to `z`, `0` to `9` and `-`; no `-` at either end, nor two in a row
 * @throws E_TENANT_ID_INVALID
 */
export function parseTenantId(raw: unknown): TenantId {
  if (!isTenantId(raw)) throw TenantIdInvalidError.of('id', raw);
  return raw;
}

/**
 * Checks what claims to be the slug of a tenant, which has the form of an id.
 *
 * @throws E_TENANT_ID_INVALID
 */
export function parseTenantSlug(raw: unknown): string {
  if (!isTenantId(raw)) throw TenantIdInvalidError.of('slug', raw);
  return raw;
}

/** Whether something is the id of a tenant, be there one or not. */
export function isTenantId(raw: unknown): raw is TenantId {
  return typeof raw === 'string' && PATTERN.test(raw) && !raw.includes('--');
}
