import { NotAcceptableError } from '../http-errors';
import type { Request, Response } from '../request';
import { Responder } from './responder';
import { send } from './send';

/** What answers in which form, by a media type or by what files of it end in: `html`, `json`, `csv`. */
export type AnswerForms = Readonly<Record<string, () => unknown>>;

class Negotiation extends Responder {
  readonly #forms: AnswerForms;

  constructor(forms: AnswerForms) {
    super();
    this.#forms = forms;
  }

  async respond(request: Request, response: Response): Promise<void> {
    const names = Object.keys(this.#forms);
    response.vary('Accept');
    const name = request.accepts(names);
    const make = name === false ? undefined : this.#forms[name];
    if (name === false || make === undefined) throw NotAcceptableError.offering(names);
    const result = await make();
    response.type(name);
    await send({ result, hasResponse: false }, request, response);
  }
}

/**
 * The answer in the form that the header `Accept` likes best; the first one where it does not say. Only that one is made.
 *
 * 406 where it takes none of them.
 *
 * @example
 * import { html, negotiate } from 'trilite';
 *
 * export class ReportController {
 *   show() {
 *     const report = { title: 'Sales' };
 *     return negotiate({
 *       html: () => html`<h1>${report.title}</h1>`,
 *       json: () => report,
 *       csv: () => `title\n${report.title}\n`,
 *     });
 *   }
 * }
 */
export function negotiate(forms: AnswerForms): Responder {
  return new Negotiation(forms);
}
