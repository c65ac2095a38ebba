import { injectable, redirectToRoute, UrlGenerator, view } from 'trilite';
import { ApiTokens } from '../../accounts/api-tokens';

/** The token for programs of the organisation. */
@injectable()
export class TokenController {
  constructor(
    private readonly tokens: ApiTokens,
    private readonly urls: UrlGenerator,
  ) {}

  async show() {
    return view('tokens/show', {
      renewedAt: await this.tokens.renewedAt(),
      address: this.urls.absoluteUrl('api.tickets.index'),
    });
  }

  /** Flashed: it is shown once, and kept nowhere. */
  async store() {
    return redirectToRoute('token.show').with('token', await this.tokens.renew());
  }
}
