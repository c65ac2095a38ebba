import { Responder } from '../answers/responder';
import { ViewRequestMissingError } from '../../view/errors';
import type { Request, Response } from '../request';
import { workOf } from '../request-work';
import { RequestViews } from './request-views';

/** A view that a request is answered with, with the status its response has by then, and as HTML unless it has another type. */
export class View extends Responder {
  readonly name: string;
  readonly data: object;

  constructor(name: string, data: object = {}) {
    super();
    this.name = name;
    this.data = data;
  }

  /** @throws E_VIEW_NOT_FOUND, E_VIEW_FAILED */
  async respond(request: Request, response: Response): Promise<void> {
    const views = workOf(request)?.scope.make(RequestViews);
    if (views === undefined) throw ViewRequestMissingError.forHelper('view');
    const { name, data } = this;
    const page = await views.render({ name, data, request, response });
    if (!response.hasHeader('Content-Type')) response.type('html');
    response.send(page);
  }
}

/**
 * Answers with a view of resources/views: return it from a controller.
 *
 * @param name its path without its ending: `reports/show` is resources/views/reports/show.eta
 * @param data what the template finds in `it`; values, not iterators, which can be gone through once: a view may be rendered again
 * @example
 * import { view, type Request } from 'trilite';
 *
 * export class ReportController {
 *   show(request: Request) {
 *     return view('reports/show', { id: request.param('id') });
 *   }
 * }
 */
export function view(name: string, data: object = {}): View {
  return new View(name, data);
}
