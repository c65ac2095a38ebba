import type { Request } from 'express';
import type { ZodType, output } from 'zod';
import { MethodNotes } from '../method-notes';
import { InputInvalidError, type InputErrors } from './errors';

/** The parts of a request that are validated. */
export interface RequestSchemas {
  readonly body?: ZodType;
  readonly query?: ZodType;
  /** Of the path. */
  readonly params?: ZodType;
  /** By names in lower case. */
  readonly headers?: ZodType;
}

/** What those parts are once they are valid. */
export type ValidParts<S extends RequestSchemas> = {
  readonly [P in keyof S]: S[P] extends ZodType ? output<S[P]> : never;
};

/**
 * What a request has to hold: given to a route's `validate`, or written as a decorator above a controller's method. `request.valid` gives what came of
 * it, typed.
 */
export interface Validation<T> {
  (controller: object, method: string): void;
  /** @throws E_INPUT_INVALID */
  readonly check: (request: Request) => Promise<T>;
}

/** Problems named at most: what somebody sends may have any number. */
const MOST_PROBLEMS = 100;

const decorated = new MethodNotes<Validation<unknown>>();

/**
 * Says what a request has to hold: one schema is that of its body. What is not named is not looked at; unknown keys are left out, as the schema
 * says.
 *
 * @example
 * import { defineRoutes, validated, type Request } from 'trilite';
 * import { z } from 'zod';
 *
 * const newReport = validated(z.object({ title: z.string().min(1).max(200) }));
 * const listing = validated({ query: z.object({ page: z.coerce.number().int().min(1).default(1) }) });
 *
 * export class ReportController {
 *   \@newReport
 *   store(request: Request) {
 *     return { title: request.valid(newReport).title };
 *   }
 * }
 *
 * export default defineRoutes((route) => {
 *   route.post('/reports', [ReportController, 'store']);
 *   route.get('/reports', (request) => request.valid(listing).query.page).validate(listing);
 * });
 */
export function validated<S extends ZodType>(body: S): Validation<output<S>>;
export function validated<S extends RequestSchemas>(parts: S): Validation<ValidParts<S>>;
export function validated(schema: ZodType | RequestSchemas): Validation<unknown> {
  const check = isSchema(schema)
    ? async (request: Request) => (await checkParts({ body: schema }, request))['body']
    : (request: Request) => checkParts(schema, request);
  const validation: Validation<unknown> = Object.assign(
    (controller: object, method: string): void => decorated.add(controller, method, validation),
    { check },
  );
  return validation;
}

/** What is written above a controller's method, in that order. */
export function validationsOf(controller: object, method: string): readonly Validation<unknown>[] {
  return decorated.of(controller, method);
}

async function checkParts(
  schemas: RequestSchemas,
  request: Request,
): Promise<Record<string, unknown>> {
  const values: Record<string, unknown> = {};
  const problems: [string, string][] = [];
  for (const part of ['params', 'query', 'headers', 'body'] as const) {
    const schema = schemas[part];
    if (schema === undefined) continue;
    const given: unknown = request[part];
    const result = await schema.safeParseAsync(given ?? {});
    if (result.success) values[part] = result.data;
    else {
      const found = result.error.issues.slice(0, MOST_PROBLEMS);
      problems.push(
        ...found.map(({ path, message }): [string, string] => [
          path.map(String).join('.'),
          message,
        ]),
      );
    }
  }
  if (problems.length > 0) throw InputInvalidError.of(collected(problems));
  return values;
}

/** By field; what concerns the whole has an empty name. */
function collected(problems: readonly (readonly [string, string])[]): InputErrors {
  const fields = new Map<string, string[]>();
  for (const [field, message] of problems) {
    fields.set(field, [...(fields.get(field) ?? []), message]);
  }
  return Object.fromEntries(fields);
}

function isSchema(schema: ZodType | RequestSchemas): schema is ZodType {
  return 'safeParseAsync' in schema;
}
