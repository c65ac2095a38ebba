import type { IncomingMessage, RequestListener } from 'node:http';
import type { HttpKernel } from '../../http/http-kernel';
import { failureOf } from '../../http/request-failure';
import { actAs, type RequestUser } from '../../http/request-user';
import { toError } from '../../support/errors';
import { exchange, type WireAnswer, type WireRequest } from './wire';

/** A request as the application met it, and its answer. */
export interface Meeting {
  readonly request: IncomingMessage;
  readonly answer: WireAnswer;
}

/** Has a kernel answer a request of somebody, and do what it put off until after the response. */
export async function meet(
  kernel: HttpKernel,
  wire: WireRequest,
  user: RequestUser | undefined,
): Promise<Meeting> {
  const came: { readonly request: IncomingMessage; readonly closed: Promise<void> }[] = [];
  const listener: RequestListener = (request, response) => {
    if (user !== undefined) actAs(request, user);
    const closed = new Promise<void>((resolve) => response.once('close', () => resolve()));
    came.push({ request, closed });
    kernel.handler(request, response);
  };
  try {
    const answer = await exchange(listener, wire);
    const [met] = came;
    if (met === undefined) throw new Error('An answer came to a request that never came in.');
    await met.closed;
    await kernel.settled();
    return { request: met.request, answer };
  } catch (error) {
    const failure = came[0] && failureOf(came[0].request);
    if (failure === undefined) throw error;
    const what = `${wire.method.toUpperCase()} ${wire.target} was not answered to its end`;
    const why = failure.stack ?? failure.message;
    throw new Error(`${what} (${toError(error).message}), for an error:\n${why}`, {
      cause: error,
    });
  }
}
