import { injectable } from '../tenancy/injection';
import type { Middleware, MiddlewareClass } from './middleware';
import type { Next, Request, Response } from './request';
import { UrlGenerator } from './urls/url-generator';

@injectable()
class RequireSignature implements Middleware {
  readonly #urls: UrlGenerator;

  constructor(urls: UrlGenerator) {
    this.#urls = urls;
  }

  handle(request: Request, _response: Response, next: Next): void {
    this.#urls.refuseUnsigned(request);
    next();
  }
}

/** A middleware that lets in those alone who have an address of `UrlGenerator.signedUrl`. @throws E_URL_SIGNATURE (403) */
export const signed: MiddlewareClass = RequireSignature;
