import type { IncomingMessage } from 'node:http';

/*
 * What the parts of a request say, unchecked. A part that is there and empty, or there twice, is a claim like any other: only what is not there
 * at all says nothing.
 */

/** A path that begins with a tenant's slug, taken apart. */
export interface TenantPath {
  /** The slug as it stands there: percent signs and all. */
  readonly slug: string;
  /** What the application routes: the address without prefix and slug, with its query. */
  readonly rest: string;
}

/** The value of a header; values of one that comes twice stand in one text, with a comma. */
export function headerValue(request: IncomingMessage, name: string): unknown {
  return request.headers[name.toLowerCase()];
}

/** The values of a parameter of the query; `name[]` and `name[key]` are read as what they mean to many servers, a list. */
export function queryValues(url: string, name: string): unknown[] {
  const start = url.indexOf('?');
  if (start < 0) return [];
  const entries = [...new URLSearchParams(url.slice(start))];
  const plain = entries.filter(([key]) => key === name).map(([, value]) => value);
  const listed = entries.filter(([key]) => key.startsWith(`${name}[`));
  if (listed.length > 0 || plain.length > 1) return [[...plain, ...listed]];
  return plain;
}

/** The values of a cookie: somebody may have set it for another path or a parent domain, too. */
export function cookieValues(request: IncomingMessage, name: string): unknown[] {
  return (request.headers.cookie ?? '').split(';').flatMap((pair) => {
    const end = pair.indexOf('=');
    return end >= 0 && pair.slice(0, end).trim() === name ? [pair.slice(end + 1).trim()] : [];
  });
}

/** Takes apart an address that begins with the prefix, such as `/t/acme/reports?page=2`; capitals are no other prefix, as they are no other route. */
export function tenantPath(url: string, prefix: string): TenantPath | undefined {
  const [path = '', ...query] = url.split(/(?=\?)/);
  if (!`${path}/`.toLowerCase().startsWith(`${prefix.toLowerCase()}/`)) return undefined;
  const after = path.slice(prefix.length + 1);
  const end = after.indexOf('/');
  const slug = end < 0 ? after : after.slice(0, end);
  return { slug, rest: `${end < 0 ? '/' : after.slice(end)}${query.join('')}` };
}

/** What stands before a domain in a host name, up to the dot between them; undefined for a host that is not below the domain. */
export function labelBelow(host: string, domain: string | undefined): string | undefined {
  if (domain === undefined || !host.endsWith(`.${domain}`)) return undefined;
  return host.slice(0, -domain.length - 1);
}
