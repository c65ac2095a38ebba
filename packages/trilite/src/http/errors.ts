import { FrameworkError } from '../support/errors';

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

  static noGroup(name: string, path: string, known: readonly string[]): RouteInvalidError {
    return RouteInvalidError.#of(
      `The route "${path}" asks for the middleware group "${name}"; there are: ${known.length === 0 ? 'none' : known.join(', ')}.`,
      'Declare the group in app/http/kernel.ts.',
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
      help: 'Stop what uses the port, or choose another with "--port" or PORT.',
      cause,
    });
  }
}
