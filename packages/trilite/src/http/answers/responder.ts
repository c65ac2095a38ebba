import type { Request, Response } from '../request';

/**
 * What a controller returns to answer in a way of its own: a page, a file, a stream, another address.
 *
 * @example
 * import { Responder, type Request, type Response } from 'trilite';
 *
 * export class Csv extends Responder {
 *   constructor(private readonly lines: readonly string[]) {
 *     super();
 *   }
 *
 *   respond(_request: Request, response: Response) {
 *     response.type('text/csv').send(this.lines.join('\n'));
 *   }
 * }
 */
export abstract class Responder {
  /** Answers. Called once, in the work of its request; what it throws or rejects with goes to the error handler. */
  abstract respond(request: Request, response: Response): unknown;
}
