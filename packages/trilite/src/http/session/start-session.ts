import { outsideSessions } from '../../database/connection-session';
import { injectable } from '../../tenancy/injection';
import { beforeHeaders } from '../before-headers';
import type { Middleware, MiddlewareClass } from '../middleware';
import type { Next, Request, Response } from '../request';
import { workOf, type RequestWork } from '../request-work';
import { beginSession, hasSession } from './request-session';
import type { Session } from './session';
import { Sessions } from './sessions';

@injectable()
class StartSession implements Middleware {
  readonly #sessions: Sessions;

  constructor(sessions: Sessions) {
    this.#sessions = sessions;
  }

  handle(request: Request, response: Response, next: Next): void {
    // Not again for a group within a group
    if (!hasSession(request)) beginSession(request, () => this.#begin(request, response, next));
    next();
  }

  /** Most requests never ask for their session: the response of one that does is held back until it is written. */
  #begin(request: Request, response: Response, next: Next): Session {
    const session = this.#sessions.of(request.cookies);
    if (response.headersSent) {
      session.close();
      return session;
    }
    const rejoin: RequestWork['rejoin'] = workOf(request)?.rejoin ?? ((work) => work());
    beforeHeaders(response, {
      // Who answers inside of a transaction does not have the session be part of it
      work: () =>
        session.isUsed
          ? outsideSessions(() => rejoin(() => save(session, response)))
          : session.close(),
      onError: next,
    });
    return session;
  }
}

async function save(session: Session, response: Response): Promise<void> {
  await session.save();
  // Nobody between here and the visitor keeps what was made for them
  if (!response.hasHeader('Cache-Control')) {
    response.setHeader('Cache-Control', 'private, no-cache');
  }
}

/**
 * The middleware that gives a request its session, `request.session`, and writes it before the headers of the response leave.
 *
 * @example
 * import { defineHttpKernel, startSession, verifyCsrf } from 'trilite';
 *
 * export default defineHttpKernel({ groups: { web: [startSession, verifyCsrf()], api: [] } });
 */
export const startSession: MiddlewareClass = StartSession;
