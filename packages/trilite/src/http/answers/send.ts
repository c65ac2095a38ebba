import { types } from 'node:util';
import { SafeHtml } from '../../view/html';
import type { Request, Response } from '../request';
import { Responder } from './responder';

/** What a controller returned. */
export interface Returned {
  readonly result: unknown;
  /** Whether it asked for the response, and so may still answer by itself. */
  readonly hasResponse: boolean;
}

/** Answers with what a controller returned; one that has answered by itself is left alone. */
export function send(
  { result, hasResponse }: Returned,
  request: Request,
  response: Response,
): unknown {
  if (response.headersSent || response.writableEnded) return undefined;
  if (result instanceof Responder) return result.respond(request, response);
  if (result instanceof SafeHtml) return response.type('html').send(result.toString());
  // Text is HTML, unless the action has said what it is
  if (typeof result === 'string' || types.isUint8Array(result)) return response.send(result);
  if (result !== undefined) return response.json(result);
  if (!hasResponse) response.status(204).end();
  return undefined;
}
