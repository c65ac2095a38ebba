import { ViewRequestMissingError } from './errors';
import { SafeHtml } from './html';
import type { SituationNames, ViewEngine } from './view-engine';

/** What addresses a rendering outside of a request writes: whole ones, for what is read elsewhere. */
export type AddressNames = Pick<SituationNames, 'route' | 'asset'>;

/**
 * Renders views outside of requests: for mails, in jobs and commands. What `route` and `asset` write there are whole addresses; helpers that need a
 * request throw E_VIEW_REQUEST_MISSING.
 *
 * @example
 * import { injectable, ViewRenderer } from 'trilite';
 *
 * \@injectable()
 * export class MonthlyReport {
 *   constructor(private readonly views: ViewRenderer) {}
 *
 *   page(visits: number) {
 *     return this.views.render('reports/monthly', { visits }); // resources/views/reports/monthly.eta
 *   }
 * }
 */
export class ViewRenderer {
  readonly #engine: ViewEngine;
  readonly #names: SituationNames;

  constructor(engine: ViewEngine, addresses: AddressNames) {
    this.#engine = engine;
    this.#names = { ...WITHOUT_REQUEST, ...addresses };
  }

  /**
   * A view as text.
   *
   * @param name its path below resources/views, without its ending: `reports/monthly`
   * @param data what the template finds in `it`
   * @throws E_VIEW_NOT_FOUND, E_VIEW_FAILED
   */
  async render(name: string, data: object = {}): Promise<string> {
    return this.#engine.render(name, data, { names: this.#names });
  }

  /** The same as HTML that `html` keeps, and that a controller may return. */
  async html(name: string, data: object = {}): Promise<SafeHtml> {
    return new SafeHtml(await this.render(name, data));
  }

  /** Whether there is a view of that name. */
  has(name: string): boolean {
    return this.#engine.has(name);
  }
}

const refusal = (helper: string) => (): never => {
  throw ViewRequestMissingError.forHelper(helper);
};

const WITHOUT_REQUEST = {
  csrf: refusal('csrf'),
  csrfToken: refusal('csrfToken'),
  old: refusal('old'),
  errors: refusal('errors'),
  session: refusal('session'),
  request: undefined,
};
