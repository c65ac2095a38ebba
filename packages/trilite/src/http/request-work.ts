import type { IncomingMessage } from 'node:http';
import { currentMemory } from '../support/scope-holder';
import { recordWork, type WorkRecord } from '../support/work-record';
import type { Scope } from '../tenancy/container';
import type { IdentifiedTenant } from './identification/tenant-identification';
import { RequestSlot } from './request-slot';

/** The work that a request is answered in. */
export interface RequestWork {
  /** What makes its controllers and middleware. */
  readonly scope: Scope;
  /** Undefined in the application's own. */
  readonly identified: IdentifiedTenant | undefined;
  /** Enters the work again, whoever calls: body readers, emitters and pools call from elsewhere. */
  readonly rejoin: <T>(work: () => T) => T;
  /** What it has asked of databases and caches; undefined where nobody wants to know. */
  readonly record?: WorkRecord | undefined;
}

const works = new RequestSlot<RequestWork>();

/** By the memory of each request. */
const key = Symbol('the work of the request');

/** Notes in which work a request is answered. Called inside of it. */
export function beginWork(request: IncomingMessage, work: RequestWork): void {
  works.set(request, work);
  currentMemory()?.set(key, work);
  if (work.record !== undefined) recordWork(work.record);
}

/** The work of a request; undefined before it is told whose it is. */
export function workOf(request: IncomingMessage): RequestWork | undefined {
  return works.get(request);
}

/** The work of the request that is being answered; undefined outside of any, as in a job. */
export function currentWork(): RequestWork | undefined {
  return currentMemory()?.get(key) as RequestWork | undefined;
}
