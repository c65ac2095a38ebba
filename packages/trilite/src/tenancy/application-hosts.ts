import type { IdentificationSettings } from '../config/schema';

/** What the hosts of an application follow from. */
export interface ApplicationHostsParts {
  readonly identification: Pick<IdentificationSettings, 'centralDomains' | 'baseDomain'>;
  /** The address of the application itself. */
  readonly url: string | undefined;
}

/** The hosts that are the application's own, and those below its base domain, which are told by slugs: no tenant has one of them as its domain. */
export class ApplicationHosts {
  readonly #own: ReadonlySet<string>;
  readonly #baseDomain: string | undefined;

  constructor({ identification: { centralDomains, baseDomain }, url }: ApplicationHostsParts) {
    const ofUrl = url === undefined ? [] : [new URL(url).hostname];
    this.#own = new Set([...centralDomains, ...ofUrl, ...(baseDomain ? [baseDomain] : [])]);
    this.#baseDomain = baseDomain;
  }

  /** @param host in lower case, without port */
  isOwn(host: string): boolean {
    return this.#own.has(host);
  }

  /** Whether a host is below the base domain, however far. */
  isBelow(host: string): boolean {
    return this.#baseDomain !== undefined && host.endsWith(`.${this.#baseDomain}`);
  }
}
