import type { Handler } from 'express';
import { humanBytes } from '../../support/bytes';
import { RouteInvalidError } from '../errors';
import { asHandler } from '../request-handler';
import type { Request } from '../request';
import type { Route } from '../route';
import { UploadRefusedError } from './errors';
import { expectUploads, Intake, intakeOf } from './intake';
import { isMultipart } from './multipart';
import { uploadsOf, type Upload } from './upload';
import type { UploadDesk } from './upload-desk';

/** Methods whose requests have no body to read. */
const BODILESS = ['GET', 'OPTIONS'];

/**
 * Before the route's middleware: notes what the route takes, for middleware that needs a field of the form.
 *
 * @throws E_ROUTE_INVALID when a request may not have what the route takes
 */
export function expecting(route: Route, desk: UploadDesk): Handler[] {
  const all = uploadsFor(route);
  if (all.length === 0) return [];
  refuseImpossible(route, all, desk);
  return [
    asHandler((request, _response, next) => {
      expectUploads(request, new Intake(request, all, desk));
      next();
    }),
  ];
}

/** After the route's middleware: reads the form, or refuses one that the route does not take. */
export function taking(route: Route): Handler[] {
  if (uploadsFor(route).length > 0) {
    return [
      asHandler(async (request, _response, next) => {
        await intakeOf(request)?.take();
        next();
      }),
    ];
  }
  return route.methods.every((method) => BODILESS.includes(method)) ? [] : [refuseForms];
}

/** A form that a middleware of the application has read is its own affair. */
const refuseForms: Handler = (request, _response, next) => {
  const isRefused = isMultipart(request) && (request as Request).body === undefined;
  next(isRefused ? UploadRefusedError.notTaken(request.method, request.path) : undefined);
};

/** What the route takes first, then what stands above the method. */
function uploadsFor({ action, uploads }: Route): readonly Upload<unknown>[] {
  if (typeof action === 'function') return uploads;
  return [...uploads, ...uploadsOf(action[0].prototype as object, action[1])];
}

function refuseImpossible(
  { path }: Route,
  all: readonly Upload<unknown>[],
  { limits }: UploadDesk,
): void {
  const fields = new Set<string>();
  for (const { field, maxBytes = 0, maxFiles } of all) {
    if (fields.has(field)) throw RouteInvalidError.sameUpload(field, path);
    fields.add(field);
    if (maxBytes > limits.maxBytes) {
      throw RouteInvalidError.uploadTooLarge(field, path, humanBytes(limits.maxBytes));
    }
    if (maxFiles > limits.maxFiles) {
      throw RouteInvalidError.uploadTooLarge(field, path, `files: ${limits.maxFiles}`);
    }
  }
}
