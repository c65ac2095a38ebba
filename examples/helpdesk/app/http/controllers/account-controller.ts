import {
  clock,
  injectable,
  QueueDispatcher,
  redirectToRoute,
  validated,
  view,
  type Request,
} from 'trilite';
import { z } from 'zod';
import { Accounts } from '../../accounts/accounts';
import { newAccount } from '../../accounts/new-account';
import { SendRegistration } from '../../jobs/send-registration';
import { signIn } from './session-controller';

const { email, name, password } = newAccount;
const registration = validated(z.object({ email }));
const account = validated(z.object({ name, password }));

/** Accounts that customers open for themselves: first they show, by a mail, that the address is theirs. */
@injectable()
export class AccountController {
  constructor(
    private readonly accounts: Accounts,
    private readonly queue: QueueDispatcher,
  ) {}

  create() {
    return view('accounts/create');
  }

  /** Says the same whether or not the address has an account. */
  @registration
  async store(request: Request) {
    const { email: address } = request.valid(registration);
    await this.queue.dispatch(SendRegistration, { email: address, at: clock.now() });
    const status = `A mail is on its way to ${address}: open the link in it.`;
    return redirectToRoute('accounts.create').with('status', status);
  }

  /** By the address in the mail, which is signed. So is that of the form: it is the same. */
  confirm(request: Request) {
    return view('accounts/confirm', { email: request.param('email') });
  }

  @account
  async open(request: Request) {
    const person = { ...request.valid(account), email: request.param('email') };
    const user = await this.accounts.open(person, 'customer');
    if (user === undefined) {
      return redirectToRoute('sessions.create').with('status', 'You have an account: sign in.');
    }
    await signIn(request, user);
    return redirectToRoute('tickets.create').with('status', `Welcome, ${user.name}.`);
  }
}
