import type { AssetRegistry } from '../../view/asset-registry';
import { html } from '../../view/html';
import type { SituationNames, ViewEngine } from '../../view/view-engine';
import type { Request, Response } from '../request';
import type { UrlGenerator } from '../urls/url-generator';
import { SessionFacts } from './session-facts';
import type { ViewOptions } from './view-options';

/** What views of requests are rendered with. */
export interface RequestViewsParts {
  readonly engine: ViewEngine;
  readonly assets: AssetRegistry;
  /** That of whoever's scope it is. */
  readonly urls: () => UrlGenerator;
  readonly shared: ViewOptions['shared'];
}

/** What is rendered, and for whom. */
export interface RequestedView {
  readonly name: string;
  readonly data: object;
  readonly request: Request;
  readonly response: Response;
}

/** Renders views for requests of one scope. */
export class RequestViews {
  readonly #parts: RequestViewsParts;

  constructor(parts: RequestViewsParts) {
    this.#parts = parts;
  }

  /** Whether there is a view of that name. */
  has(name: string): boolean {
    return this.#parts.engine.has(name);
  }

  /** @throws E_VIEW_NOT_FOUND, E_VIEW_FAILED, and what `shared` of app/views.ts throws */
  async render({ name, data, request, response }: RequestedView): Promise<string> {
    const { engine, shared } = this.#parts;
    const facts = new SessionFacts(request);
    const situation = {
      names: this.#names(request, facts),
      shared: { ...response.locals, ...(await shared?.(request)) },
    };
    return facts.render(() => engine.render(name, data, situation));
  }

  #names(request: Request, facts: SessionFacts): SituationNames {
    const { assets, urls } = this.#parts;
    return {
      request,
      route: (...address: Parameters<UrlGenerator['url']>) => urls().url(...address),
      asset: (path: string) => assets.url(path),
      csrf: () => html`<input type="hidden" name="_token" value="${facts.token}" />`,
      csrfToken: () => facts.token,
      old: (field: string, fallback: unknown = '') => {
        const { old } = facts.values;
        return old.has(field) ? old.get(field) : fallback;
      },
      errors: (field?: string) => {
        const { errors } = facts.values;
        if (field === undefined) return errors;
        return Object.hasOwn(errors, field) ? errors[field] : [];
      },
      session: (key: string, fallback?: unknown) => {
        const { all } = facts.values;
        return Object.hasOwn(all, key) ? all[key] : fallback;
      },
    };
  }
}
