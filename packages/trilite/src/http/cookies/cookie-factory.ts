import type { AppSettings, IdentificationSettings } from '../../config/schema';
import type { IdentifiedTenant } from '../identification/tenant-identification';
import type { Request, Response } from '../request';
import { CookieCipher } from './cookie-cipher';
import { Cookies } from './cookies';
import { beginCookies } from './request-cookies';

/** Makes the cookies of each request, as the settings of the application want them. */
export class CookieFactory {
  readonly #cipher: CookieCipher;
  readonly #hasSecureUrl: boolean;
  readonly #pathPrefix: string;

  /** @param identification undefined in an application without tenants */
  constructor(settings: AppSettings, identification: IdentificationSettings | undefined) {
    this.#cipher = new CookieCipher(settings);
    this.#hasSecureUrl = hasSecureUrl(settings);
    this.#pathPrefix = identification?.path ?? '';
  }

  /** Gives a request its cookies: most never ask for them. */
  begin(request: Request, response: Response, identified: IdentifiedTenant | undefined): void {
    beginCookies(request, () => this.#create(request, response, identified));
  }

  #create(request: Request, response: Response, identified: IdentifiedTenant | undefined): Cookies {
    const { path, tenant } = identified ?? {};
    return new Cookies({
      cipher: this.#cipher,
      header: request.headers.cookie,
      response,
      tenantId: tenant?.id,
      // Tenants that their paths name share a host, and are to share no cookie
      path: path === undefined ? '/' : `${this.#pathPrefix}/${path.slug}`,
      isSecure: request.secure || this.#hasSecureUrl,
    });
  }
}

/** Whether visitors reach the application by HTTPS, as far as config/app.ts says. */
export function hasSecureUrl({ url }: Pick<AppSettings, 'url'>): boolean {
  return url !== undefined && new URL(url).protocol === 'https:';
}
