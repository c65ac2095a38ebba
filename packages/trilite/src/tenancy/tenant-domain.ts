import { isIP } from 'node:net';
import { domainToASCII } from 'node:url';
import type { ApplicationHosts } from './application-hosts';
import { TenantDomainInvalidError } from './errors';

/** RFC 1123: labels of 1 to 63 characters, 253 in all. */
const PATTERN =
  /^(?=.{1,253}$)[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?)*$/;

/** What a request says of its host, as the registry would have it: in lower case, without port. */
export function hostOfRequest(host: string): string {
  return host.toLowerCase().replace(/:\d+$/, '').replace(/\.$/, '');
}

/**
 * Checks what is to be a domain of a tenant's own. Upper case and a dot at the end are no other host, and made one; all else is refused.
 *
 * @param raw a host name without port; one with other letters in the form that browsers send, `xn--…`
 * @throws E_TENANT_DOMAIN_INVALID
 */
export function parseTenantDomain(raw: unknown, hosts: ApplicationHosts): string {
  const domain = typeof raw === 'string' ? raw.toLowerCase().replace(/\.$/, '') : '';
  if (!isHostName(domain)) throw TenantDomainInvalidError.malformed(raw, domainToASCII(domain));
  if (hosts.isOwn(domain)) throw TenantDomainInvalidError.central(domain);
  if (hosts.isBelow(domain)) throw TenantDomainInvalidError.subdomain(domain);
  return domain;
}

/** What comes out of node's reading as another name is an address of another form, such as `127.1`, or punycode of nothing. */
function isHostName(domain: string): boolean {
  return PATTERN.test(domain) && isIP(domain) === 0 && domainToASCII(domain) === domain;
}
