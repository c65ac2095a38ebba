import { monotonicMs } from '../support/clock';
import type { WorkRecord } from '../support/work-record';
import type { Next, Request, Response } from './request';
import { RequestSlot } from './request-slot';
import { workOf } from './request-work';
import type { Route } from './route';

/** A request whose response is closed. */
export interface AnsweredRequest {
  readonly request: Request;
  readonly response: Response;
  /** The route it was for; undefined where there is none, or it did not get that far. */
  readonly route: Route | undefined;
  readonly durationMs: number;
  /** Whether the connection ended before the whole answer was sent. */
  readonly isAborted: boolean;
  readonly tenantId: string | undefined;
  /** Undefined for one that got no further than to be told whose it is. */
  readonly record: WorkRecord | undefined;
}

/** Who is told of every request. */
export interface RequestWatcher {
  begun?(): void;
  answered(answered: AnsweredRequest): void;
}

const routes = new RequestSlot<Route>();

/** Notes which route a request is for. */
export function noteRoute(request: Request, route: Route): void {
  routes.set(request, route);
}

/** The route a request is for, where somebody watches; else undefined. */
export function routeOf(request: Request): Route | undefined {
  return routes.get(request);
}

/** Tells the watchers of each request once its response is closed, sent or not. Kept small: it is on the way of every request. */
export function watching(watchers: readonly RequestWatcher[]) {
  return (request: Request, response: Response, next: Next): void => {
    const beganAt = monotonicMs();
    for (const watcher of watchers) watcher.begun?.();
    response.once('close', () => {
      const work = workOf(request);
      const answered: AnsweredRequest = {
        request,
        response,
        route: routeOf(request),
        durationMs: monotonicMs() - beganAt,
        isAborted: !response.writableFinished,
        tenantId: work?.identified?.tenant.id,
        record: work?.record,
      };
      for (const watcher of watchers) watcher.answered(answered);
    });
    next();
  };
}
