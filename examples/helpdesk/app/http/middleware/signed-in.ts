import {
  injectable,
  UrlGenerator,
  type Middleware,
  type Next,
  type Request,
  type Response,
} from 'trilite';

/** Lets in who has signed in, and sends others to do so. */
@injectable()
export class SignedIn implements Middleware {
  constructor(private readonly urls: UrlGenerator) {}

  handle(request: Request, response: Response, next: Next): void {
    if (request.user !== undefined) return next();
    const wanted = request.method === 'GET' ? request.originalUrl : undefined;
    response.redirect(303, this.urls.url('sessions.create', { next: wanted }));
  }
}
