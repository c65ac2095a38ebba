import { UnauthorizedError, type Request } from 'trilite';
import type { User } from '../accounts/user';
import type { Visible } from '../tickets/ticket';

/** Who asks, on a page behind SignedIn. */
export function userOf({ user }: Request): User {
  if (user === undefined) throw UnauthorizedError.because('Sign in first.');
  return user;
}

/** What of the tickets somebody sees: all as an agent, else one's own. */
export function visibleTo({ id, role }: User): Visible {
  return role === 'agent' ? 'all' : { requesterId: id };
}
