import {
  back,
  CacheRepository,
  injectable,
  localPath,
  redirect,
  redirectToRoute,
  validated,
  view,
  type Request,
} from 'trilite';
import { z } from 'zod';
import { Accounts } from '../../accounts/accounts';
import { email } from '../../accounts/new-account';
import type { User } from '../../accounts/user';

const credentials = validated(
  z.object({ email, password: z.string(), next: z.string().optional() }),
);

/** Signing in, and out. */
@injectable()
export class SessionController {
  constructor(
    private readonly accounts: Accounts,
    private readonly cache: CacheRepository,
  ) {}

  create({ query }: Request) {
    return view('sessions/create', { next: query['next'] });
  }

  @credentials
  async store(request: Request) {
    const { email, password, next } = request.valid(credentials);
    const user = await this.accounts.check(email, password);
    if (user === undefined) {
      const problem = 'Nobody has this address with this password.';
      return back('/login').withInput().withErrors({ email: problem });
    }
    await signIn(request, user);
    return redirect(localPath(next, '/'));
  }

  /** By an address that the application signed, once: after the organisation was founded. It stays in the history of a browser. */
  async enter(request: Request) {
    const id = Number(request.param('user'));
    const isFirst = await this.cache.add(`entered:${id}`, true, '5m'); // for as long as it is valid
    const user = isFirst ? await this.accounts.find(id) : undefined;
    if (user === undefined) return redirectToRoute('sessions.create');
    await signIn(request, user);
    return redirectToRoute('dashboard').with('status', `Welcome, ${user.name}.`);
  }

  async destroy({ session }: Request) {
    await session.invalidate();
    return redirectToRoute('sessions.create');
  }
}

/** With a new id for the session: one that somebody planted before is worth nothing. */
export async function signIn({ session }: Request, user: User): Promise<void> {
  await session.regenerate();
  session.put('userId', user.id);
}
