import { AsyncResource } from 'node:async_hooks';
import { injectable } from '../../tenancy/injection';
import { beforeHeaders } from '../before-headers';
import type { Middleware, MiddlewareClass } from '../middleware';
import type { Next, Request, Response } from '../request';
import { beginSession, sessionOf } from './request-session';
import { Sessions } from './sessions';

@injectable()
class StartSession implements Middleware {
  readonly #sessions: Sessions;

  constructor(sessions: Sessions) {
    this.#sessions = sessions;
  }

  handle(request: Request, response: Response, next: Next): void {
    if (sessionOf(request) !== undefined) return next(); // a group within a group
    const session = this.#sessions.of(request.cookies);
    beginSession(request, session);
    const save = async (): Promise<void> => {
      await session.save();
      // Nobody between here and the visitor keeps what was made for them
      if (!response.hasHeader('Cache-Control')) {
        response.setHeader('Cache-Control', 'private, no-cache');
      }
    };
    // Who answers inside of a transaction does not have the session be part of it
    const saveOutside = AsyncResource.bind(save);
    beforeHeaders(response, {
      work: () => (session.isUsed ? saveOutside() : session.close()),
      onError: next,
    });
    next();
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
