import {
  injectable,
  UnauthorizedError,
  type Middleware,
  type Next,
  type Request,
  type Response,
} from 'trilite';
import { ApiTokens } from '../../accounts/api-tokens';

/** Lets programs in that have the organisation's token. */
@injectable()
export class TokenRequired implements Middleware {
  constructor(private readonly tokens: ApiTokens) {}

  async handle(request: Request, response: Response, next: Next): Promise<void> {
    const [, token] = /^Bearer (\S+)$/.exec(request.get('authorization') ?? '') ?? [];
    if (token === undefined || !(await this.tokens.isValid(token))) {
      response.setHeader('WWW-Authenticate', 'Bearer');
      throw UnauthorizedError.because(
        'Send the token of this organisation: "Authorization: Bearer hd_…".',
      );
    }
    next();
  }
}
