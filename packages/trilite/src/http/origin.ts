/**
 * Whether an origin, or another address of the web, is of the host that a request is for: in small letters or not, and with the port that goes
 * without saying (`:443`) or without, as browsers leave it out and some proxies write it.
 */
export function isOfHost(address: string, { host }: { readonly host?: string }): boolean {
  if (!URL.canParse(address)) return false;
  const { protocol, host: own } = new URL(address);
  // Other schemes have a host, too, and no page behind it
  if (protocol !== 'http:' && protocol !== 'https:') return false;
  const asked = `${protocol}//${host ?? ''}`;
  return URL.canParse(asked) && new URL(asked).host === own;
}
