import { errorCode, FrameworkError, messageOf, toError } from '../../support/errors';
import type { WorkRecord } from '../../support/work-record';
import type { Request } from '../request';
import { routeOf } from '../request-watch';
import { workOf } from '../request-work';
import type { Route } from '../route';
import { shownHeaders, shownUrl } from './redaction';
import { excerptOf, type SourceExcerpt } from './source-excerpt';
import { framesOf, type StackFrame } from './stack-frames';

/** Causes have causes: beyond so many nobody reads on, and a circle would never end. */
const MOST_CAUSES = 8;

/** An error as it is shown to who develops. */
export interface ShownError {
  readonly name: string;
  readonly code: string | undefined;
  readonly message: string;
  readonly help: string | undefined;
  readonly frames: readonly StackFrame[];
}

/** What the page for a failed request shows to who develops. */
export interface DebugFacts {
  readonly error: ShownError;
  readonly causes: readonly ShownError[];
  readonly excerpt: SourceExcerpt | undefined;
  /** Names and values. */
  readonly request: readonly (readonly [name: string, value: string | undefined])[];
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly record: WorkRecord | undefined;
  readonly basePath: string;
}

/** Gathers it. */
export function debugFacts(error: Error, request: Request, basePath: string): DebugFacts {
  const [shown, ...causes] = chainOf(error).map((one) => shownError(one, basePath));
  const { frames } = shown as ShownError;
  const work = workOf(request);
  return {
    error: shown as ShownError,
    causes,
    excerpt: excerptOf([...frames, ...causes.flatMap((cause) => cause.frames)], basePath),
    request: [
      ['Request', `${request.method} ${shownUrl(request.originalUrl)}`],
      ['Route', routeText(routeOf(request))],
      ['Tenant', work?.identified?.tenant.id],
      ['Id', request.id],
    ],
    headers: shownHeaders(request.headers),
    record: work?.record,
    basePath,
  };
}

/** An error, and what it explains: causes, and the errors it gathers. */
function chainOf(error: Error): Error[] {
  const chain: Error[] = [error];
  for (const one of chain) {
    const { cause, errors } = one as { cause?: unknown; errors?: unknown };
    const inner = [cause, ...(Array.isArray(errors) ? (errors as unknown[]) : [])];
    for (const thrown of inner) {
      const next = thrown === undefined || thrown === null ? one : toError(thrown);
      if (!chain.includes(next) && chain.length <= MOST_CAUSES) chain.push(next);
    }
  }
  return chain;
}

function shownError(error: Error, basePath: string): ShownError {
  return {
    name: error.name,
    code: errorCode(error),
    message: messageOf(error),
    help: error instanceof FrameworkError ? error.help : undefined,
    frames: framesOf(error, basePath),
  };
}

function routeText(route: Route | undefined): string | undefined {
  if (route === undefined) return undefined;
  const { action, path, name } = route;
  const answering = typeof action === 'function' ? 'a function' : `${action[0].name}.${action[1]}`;
  return `${path} → ${answering}${name === undefined ? '' : ` (${name})`}`;
}
