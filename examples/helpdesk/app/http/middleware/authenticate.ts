import {
  injectable,
  Tenancy,
  type Middleware,
  type Next,
  type Request,
  type Response,
} from 'trilite';
import { Accounts } from '../../accounts/accounts';

/** Says whom a request comes from, where somebody has signed in. */
@injectable()
export class Authenticate implements Middleware {
  constructor(
    private readonly tenancy: Tenancy,
    private readonly accounts: Accounts,
  ) {}

  async handle(request: Request, _response: Response, next: Next): Promise<void> {
    // The central pages have no accounts
    if (this.tenancy.state === 'tenant') {
      const id = await request.session.get<number>('userId');
      const user = id === undefined ? undefined : await this.accounts.find(id);
      if (user !== undefined) request.actAs(user);
    }
    next();
  }
}
