import { clock } from '../../support/clock';
import type { Signer } from '../../tenancy/signer';
import { UrlSignatureError } from '../errors';

/** What is signed. */
export const SIGNED_URL = { purpose: 'trilite/signed-url', what: 'an address' };

/** Parameters of a query that a signed address has beside its own. */
const EXPIRES = 'expires';
const SIGNATURE = 'signature';

/** What a signature is for. */
export interface SignedPlace {
  /** With everything before it that the request has too, such as the tenant's part. */
  readonly path: string;
  readonly query: URLSearchParams;
  /** Whose address it is: that of one tenant is worth nothing at another. */
  readonly tenantId: string | undefined;
}

/** The query of a place with its end, if it has one, and the signature of all of it but the host. */
export function signQuery(
  { path, query, tenantId }: SignedPlace,
  signer: Signer,
  expiresAt: number | undefined,
): URLSearchParams {
  const signed = new URLSearchParams(query);
  if (expiresAt !== undefined) signed.set(EXPIRES, String(Math.ceil(expiresAt / 1000)));
  const text = textOf({ path, query: signed, tenantId });
  signed.set(SIGNATURE, signer.sign(text));
  return signed;
}

/**
 * Refuses an address that was not signed here, was altered since, or has ended.
 *
 * @throws E_URL_SIGNATURE (403)
 */
export function refuseUnsigned({ path, query, tenantId }: SignedPlace, signer: Signer): void {
  const rest = new URLSearchParams(query);
  const given = rest.getAll(SIGNATURE);
  rest.delete(SIGNATURE);
  const text = textOf({ path, query: rest, tenantId });
  // First whether it is ours: of what is not, nothing is believed, not even that it has expired
  if (given.length !== 1 || !signer.isSigned(text, given[0] ?? '')) {
    throw UrlSignatureError.forged();
  }
  const expires = rest.get(EXPIRES);
  if (expires !== null && Number(expires) * 1000 <= clock.now()) throw UrlSignatureError.expired();
}

/** With the parameters in one order: who hands an address on may sort them. */
function textOf({ path, query, tenantId }: SignedPlace): string {
  const sorted = new URLSearchParams(query);
  sorted.sort();
  return [tenantId ?? '', path, sorted.toString()].join('\n');
}
