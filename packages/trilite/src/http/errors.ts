import { FrameworkError, type ErrorFacts } from '../support/errors';

/** Thrown when no route answers a request, or what it asks for is not there. Answered with 404. */
export class NotFoundError extends FrameworkError {
  static forPath(method: string, path: string): NotFoundError {
    return new NotFoundError({
      code: 'E_NOT_FOUND',
      message: `Nothing answers ${method} ${path}.`,
      help: 'See "artisan route:list".',
      status: 404,
    });
  }

  static forParameter(name: string): NotFoundError {
    return new NotFoundError({
      code: 'E_NOT_FOUND',
      message: `The address has no value for "${name}".`,
      help: `Check that the route's path holds ":${name}".`,
      status: 404,
    });
  }

  static bound(name: string, value: string): NotFoundError {
    return new NotFoundError({
      code: 'E_NOT_FOUND',
      message: `There is no ${name} "${value}".`,
      help: 'Check the address.',
      status: 404,
    });
  }

  static because(message: string): NotFoundError {
    return new NotFoundError({
      code: 'E_NOT_FOUND',
      message,
      help: 'Check the address.',
      status: 404,
    });
  }
}

/** Thrown when a path is known, but not for this method. Answered with 405 and an Allow header. */
export class MethodNotAllowedError extends FrameworkError {
  readonly allowed: readonly string[];

  constructor(method: string, path: string, allowed: readonly string[]) {
    super({
      code: 'E_METHOD_NOT_ALLOWED',
      message: `${path} does not answer ${method}; it answers ${allowed.join(', ')}.`,
      help: 'See "artisan route:list".',
      status: 405,
    });
    this.allowed = allowed;
  }
}

/** Thrown when a request cannot be read: malformed, too large, or in an encoding that is not known. Answered with its 4xx status. */
export class RequestInvalidError extends FrameworkError {
  static because(message: string, status: number, cause: unknown): RequestInvalidError {
    return new RequestInvalidError({
      code: 'E_REQUEST_INVALID',
      message: `The request cannot be read: ${message}.`,
      help: 'Correct the request; the largest body is "http.bodyLimit" in config/app.ts.',
      status,
      cause,
    });
  }
}

/** Thrown when somebody sends more requests than a limit has room for. Answered with 429 and Retry-After. */
export class TooManyRequestsError extends FrameworkError {
  static retryAfter(seconds: number): TooManyRequestsError {
    return new TooManyRequestsError({
      code: 'E_TOO_MANY_REQUESTS',
      message: `There were too many requests; there is room again in ${seconds} s.`,
      help: 'Wait for as many seconds as the header "Retry-After" says. The limit is the one of "throttle" at the route.',
      status: 429,
    });
  }
}

/** Thrown when the address of a signed route was not signed here, or is over. Answered with 403. */
export class UrlSignatureError extends FrameworkError {
  static forged(): UrlSignatureError {
    return UrlSignatureError.#of('The signature of this address is not right.');
  }

  static expired(): UrlSignatureError {
    return UrlSignatureError.#of('This address was good for a while, and is no more.');
  }

  static #of(message: string): UrlSignatureError {
    return new UrlSignatureError({
      code: 'E_URL_SIGNATURE',
      message,
      help: 'Ask for a new one: "urls.signedUrl(name, parameters)" makes it.',
      status: 403,
    });
  }
}

/** Thrown when a cookie is larger than browsers keep. */
export class CookieTooLargeError extends FrameworkError {
  static named(name: string, bytes: number, largest: number): CookieTooLargeError {
    return new CookieTooLargeError({
      code: 'E_COOKIE_TOO_LARGE',
      message: `The cookie "${name}" would have ${bytes} bytes; browsers drop those with more than ${largest}.`,
      help: 'Keep the value in the session or the database, and an id of it in the cookie.',
    });
  }
}

/** Thrown when a request uses a session that its route does not start. */
export class SessionMissingError extends FrameworkError {
  static forRequest(method: string, path: string): SessionMissingError {
    return new SessionMissingError({
      code: 'E_SESSION_MISSING',
      message: `${method} ${path} has no session.`,
      help: 'Put "startSession" into the group of the route in app/http/kernel.ts: "web: [startSession, verifyCsrf()]".',
    });
  }
}

/** Thrown when a session is changed after it was written. */
export class SessionClosedError extends FrameworkError {
  static changing(): SessionClosedError {
    return new SessionClosedError({
      code: 'E_SESSION_CLOSED',
      message:
        'The session is changed after the headers of the response left, and with them the session was written.',
      help: 'Change the session before the response begins.',
    });
  }
}

/** Thrown when what a request changed in its session cannot be kept: another one has ended that session meanwhile. Answered with 409. */
export class SessionEndedError extends FrameworkError {
  static meanwhile(): SessionEndedError {
    return new SessionEndedError({
      code: 'E_SESSION_ENDED',
      message:
        'The session was ended, or given a new id, while this request was answered; its changes are not kept.',
      help: 'Send the request again.',
      status: 409,
    });
  }
}

/** Thrown when nothing proves that a request was sent by a page of this application. Answered with 403. */
export class CsrfError extends FrameworkError {
  static fromOutside(origin: string): CsrfError {
    return CsrfError.#of(
      `The request comes from a page of somebody else: ${origin}.`,
      'Name the origin in "trustedOrigins" of "verifyCsrf" in app/http/kernel.ts if its pages may send such requests.',
    );
  }

  static withoutToken(): CsrfError {
    return CsrfError.#of(
      'The request has no token of its session, or an old one. Load the page again.',
      'Send what "request.session.token()" gives as the field "_token" or the header "X-CSRF-Token".',
    );
  }

  static #of(message: string, help: string): CsrfError {
    return new CsrfError({ code: 'E_CSRF', message, help, status: 403 });
  }
}

/** Thrown when parts of a request name different tenants. Answered with 400; it does not say which ones. */
export class TenantClaimsConflictError extends FrameworkError {
  static between(sources: readonly string[]): TenantClaimsConflictError {
    return new TenantClaimsConflictError({
      code: 'E_TENANT_CLAIMS_CONFLICT',
      message: `The request names more than one tenant: ${sources.join(', ')} do not agree.`,
      help: 'Name one tenant, in one way. Clear a cookie that is left from another one.',
      status: 400,
    });
  }
}

/** Thrown when a request is let in to a tenant by what anybody can write, and nobody says that its user belongs there. Answered with 403. */
export class TenantMembershipError extends FrameworkError {
  static refused(id: string): TenantMembershipError {
    return TenantMembershipError.#of(
      `The tenant "${id}" does not know who sends this request.`,
      'Sign in as one of its members. What "membership" in app/http/kernel.ts answers decides.',
    );
  }

  static unchecked(sources: readonly string[]): TenantMembershipError {
    return TenantMembershipError.#of(
      `The tenant is named by ${sources.join(' and ')} alone, and nothing checks whose user this is.`,
      'Write "membership: (request, tenant) => …" into app/http/kernel.ts: it says whether the user of a request belongs to a tenant.',
    );
  }

  static #of(message: string, help: string): TenantMembershipError {
    return new TenantMembershipError({
      code: 'E_TENANT_MEMBERSHIP',
      message,
      help,
      status: 403,
    });
  }
}

/** Seconds after which somebody may ask again whether maintenance is over. */
const MAINTENANCE_RETRY_SECONDS = 60;

/** Thrown when somebody has closed what a request is for: no fault, and nothing that the log is to be filled with. */
export abstract class ClosedError extends FrameworkError {
  /** Undefined when it may be for ever. */
  readonly retryAfterSeconds: number | undefined;

  constructor(facts: ErrorFacts, retryAfterSeconds?: number) {
    super(facts);
    this.retryAfterSeconds = retryAfterSeconds;
  }
}

/** Thrown when the whole application is down for maintenance. Answered with the status that "artisan down" was told, and Retry-After. */
export class ApplicationDownError extends ClosedError {
  static with({
    status,
    retryAfterSeconds,
  }: {
    readonly status: number;
    readonly retryAfterSeconds?: number | undefined;
  }): ApplicationDownError {
    return new ApplicationDownError(
      {
        code: 'E_APPLICATION_DOWN',
        message: 'This application is being maintained. Try again in a while.',
        help: 'Run "artisan up" to end it.',
        status,
      },
      retryAfterSeconds,
    );
  }
}

/** Thrown when a request is for a tenant that takes none now. Answered with 503, and Retry-After where it is for a while. */
export class TenantUnavailableError extends ClosedError {
  static suspended(id: string): TenantUnavailableError {
    return new TenantUnavailableError({
      code: 'E_TENANT_UNAVAILABLE',
      message: 'This address is not in service.',
      help: `The tenant "${id}" is suspended; "artisan tenants:resume ${id}" ends that.`,
      status: 503,
    });
  }

  /** @param state in which the tenant is while something is done to it */
  static forNow(id: string, state: string): TenantUnavailableError {
    return new TenantUnavailableError(
      {
        code: 'E_TENANT_UNAVAILABLE',
        message: 'This address is being maintained. Try again in a minute.',
        help: `The tenant "${id}" is ${state}; see "artisan tenants:show ${id}".`,
        status: 503,
      },
      MAINTENANCE_RETRY_SECONDS,
    );
  }
}

/** Thrown at boot when the routes contradict themselves, and when a URL is asked for that they cannot give. */
export class RouteInvalidError extends FrameworkError {
  static duplicateName(name: string, first: string, second: string): RouteInvalidError {
    return RouteInvalidError.#of(
      `The route name "${name}" is taken twice: by "${first}" and by "${second}".`,
      'Give one of them another name.',
    );
  }

  static noMethod(controller: string, method: string, path: string): RouteInvalidError {
    return RouteInvalidError.#of(
      `The route "${path}" calls "${controller}.${method}", which does not exist.`,
      `Write the method "${method}", or correct the route.`,
    );
  }

  static noMiddleware(name: string, path: string, known: readonly string[]): RouteInvalidError {
    return RouteInvalidError.#of(
      `The route "${path}" asks for the middleware "${name}"; groups and aliases are: ${known.join(', ')}.`,
      'Declare it under "groups" or "aliases" in app/http/kernel.ts.',
    );
  }

  static groupInItself(name: string): RouteInvalidError {
    return RouteInvalidError.#of(
      `The middleware group "${name}" is in itself.`,
      'Take it out of the groups that it names in app/http/kernel.ts.',
    );
  }

  static noResource(name: string, controller: string, known: readonly string[]): RouteInvalidError {
    return RouteInvalidError.#of(
      `The resource "${name}" has no routes: "${controller}" has no method that "only" and "except" leave.`,
      `Write one of ${known.join(', ')}.`,
    );
  }

  static severalFallbacks(): RouteInvalidError {
    return RouteInvalidError.#of(
      'More than one route is the fallback.',
      'Declare "fallback" once for the application, and once for its tenants.',
    );
  }

  static notBound(parameter: string, path: string): RouteInvalidError {
    return RouteInvalidError.#of(
      `The route that answers "${path}" does not bind "${parameter}".`,
      'Add ".bind(…)" with the same binding to the route.',
    );
  }

  static notValidated(path: string): RouteInvalidError {
    return RouteInvalidError.#of(
      `The route that answers "${path}" does not ask for the validation whose result is asked for.`,
      'Add ".validate(…)" with the same one to the route, or write it above the method.',
    );
  }

  static notUploaded(field: string, path: string): RouteInvalidError {
    return RouteInvalidError.#of(
      `The route that answers "${path}" does not take the files of "${field}" that are asked for.`,
      'Add ".upload(…)" with the same one to the route, or write it above the method.',
    );
  }

  static sameUpload(field: string, path: string): RouteInvalidError {
    return RouteInvalidError.#of(
      `The route "${path}" takes the files of "${field}" twice.`,
      'Leave one of the two, at the route or above the method; "uploads" takes several files.',
    );
  }

  static uploadTooLarge(field: string, path: string, most: string): RouteInvalidError {
    return RouteInvalidError.#of(
      `The route "${path}" takes more in "${field}" than a request may have, ${most}.`,
      'Raise "http.uploads" in config/app.ts, or lower "maxBytes" or "maxFiles" of the upload.',
    );
  }

  static badPath(path: string, cause: unknown): RouteInvalidError {
    return RouteInvalidError.#of(
      `The route path "${path}" is not valid: ${cause instanceof Error ? cause.message : String(cause)}`,
      'Write parameters as ":name" and a rest as "*rest".',
    );
  }

  static notRoutes(file: string): RouteInvalidError {
    return RouteInvalidError.#of(
      `The file "${file}" does not export routes.`,
      'End it with "export default defineRoutes((route) => { … });".',
    );
  }

  static tenantsOff(file: string): RouteInvalidError {
    return RouteInvalidError.#of(
      `The file "${file}" declares routes of tenants, and this application keeps none.`,
      'Set "mode" in config/tenancy.ts to "files", or move the routes to routes/web.ts.',
    );
  }

  static outsideTenant(name: string): RouteInvalidError {
    return RouteInvalidError.#of(
      `The route "${name}" is one of tenants, and the URL is asked for in nobody's work.`,
      'Say whose it is, "urls.of(tenant)", or ask for it inside "tenancy.run(id, work)".',
    );
  }

  static unknownName(name: string, known: readonly string[]): RouteInvalidError {
    return RouteInvalidError.#of(
      `No route is named "${name}".`,
      known.length === 0
        ? 'Name one with ".name()".'
        : `Did you mean ${known.map((one) => `"${one}"`).join(' or ')}?`,
    );
  }

  static missingParameter(name: string, parameter: string): RouteInvalidError {
    return RouteInvalidError.#of(
      `The URL of the route "${name}" needs a value for "${parameter}".`,
      `Pass it: url("${name}", { ${parameter}: … }).`,
    );
  }

  static dotSegment(name: string, path: string): RouteInvalidError {
    return RouteInvalidError.#of(
      `The URL of the route "${name}" cannot be "${path}": browsers take "." and ".." for folders.`,
      'Pass another value, or take it as a parameter of the query.',
    );
  }

  static #of(message: string, help: string): RouteInvalidError {
    return new RouteInvalidError({ code: 'E_ROUTE_INVALID', message, help });
  }
}

/** Thrown when the server cannot listen on its address. */
export class ListenError extends FrameworkError {
  static at(host: string, port: number, cause: unknown): ListenError {
    const reason = cause instanceof Error ? cause.message : String(cause);
    return new ListenError({
      code: 'E_LISTEN',
      message: `Cannot listen on ${host}:${port}: ${reason}.`,
      help: 'Stop what uses the port, or choose another with "--port", "--metrics" or PORT.',
      cause,
    });
  }
}
