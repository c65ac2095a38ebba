import {
  ForbiddenError,
  injectable,
  type Middleware,
  type Next,
  type Request,
  type Response,
} from 'trilite';

/** Lets agents in. Stands behind SignedIn. */
@injectable()
export class AgentsOnly implements Middleware {
  handle(request: Request, _response: Response, next: Next): void {
    if (request.user?.role !== 'agent') throw ForbiddenError.because('This page is for agents.');
    next();
  }
}
