import type { Logger } from '../../support/logger';
import type { Scope } from '../../tenancy/container';
import type { ErrorPageFacts } from '../error-page';
import type { Request, Response } from '../request';
import { workOf } from '../request-work';
import { RequestViews } from './request-views';

/**
 * Renders the application's own page for a request that failed. Undefined when it has none; the promise never rejects, and gives undefined when
 * the view itself fails.
 */
export type ErrorView = (
  facts: ErrorPageFacts,
  request: Request,
  response: Response,
) => Promise<string | undefined> | undefined;

/** What error views are made with. */
export interface ErrorViewParts {
  /** That of requests whose work has not begun. */
  readonly scope: Scope;
  readonly logger: Logger;
}

/** The view `errors/404` for a status of 404, else `errors/4xx`. */
export function errorView({ scope, logger }: ErrorViewParts): ErrorView {
  return (facts, request, response) => {
    const views = (workOf(request)?.scope ?? scope).make(RequestViews);
    const { status } = facts;
    const names = [`errors/${status}`, `errors/${Math.floor(status / 100)}xx`];
    const name = names.find((one) => views.has(one));
    if (name === undefined) return undefined;
    return views
      .render({ name, data: facts, request, response })
      .catch((error: unknown): undefined => {
        logger.error({ requestId: request.id, err: error }, `The view "${name}" failed`);
      });
  };
}
