import { back, injectable, redirectToRoute, validated, view, type Request } from 'trilite';
import { z } from 'zod';
import { Accounts } from '../../accounts/accounts';
import { newAccount } from '../../accounts/new-account';
import { signIn } from './session-controller';

const account = validated(z.object(newAccount));

/** Accounts that customers open for themselves. */
@injectable()
export class AccountController {
  constructor(private readonly accounts: Accounts) {}

  create() {
    return view('accounts/create');
  }

  @account
  async store(request: Request) {
    const user = await this.accounts.open(request.valid(account), 'customer');
    if (user === undefined) {
      return back('/register').withInput().withErrors({ email: 'This address has an account.' });
    }
    await signIn(request, user);
    return redirectToRoute('tickets.create').with('status', `Welcome, ${user.name}.`);
  }
}
