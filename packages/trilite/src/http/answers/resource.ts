import type { CursorPage, Page } from '../../database/paging/pagination';
import type { Request, Response } from '../request';
import { cursorLinks, pageLinks, type CursorLinks, type PageLinks } from './page-links';
import { Responder } from './responder';

/** What makes of a row what others may see of it. */
export type ResourceTransform<Item, Result> = (item: Item, request: Request) => Result;

/** A page by its number, as JSON. */
export interface PageBody<Result> {
  readonly data: readonly Result[];
  readonly links: PageLinks;
  readonly meta: Omit<Page<unknown>, 'data'>;
}

/** A page by its place in an order, as JSON. */
export interface CursorPageBody<Result> {
  readonly data: readonly Result[];
  readonly links: CursorLinks;
  readonly meta: Omit<CursorPage<unknown>, 'data'>;
}

/** How the addresses of other pages are made. */
export interface PageLinkOptions {
  /** The parameter of the query that says which page. Default: `page`, or `cursor` of a cursor's page. */
  readonly parameter?: string;
}

/** An answer whose JSON is made when it is sent. */
export class ResourceAnswer<Body> extends Responder {
  /** What is sent, in the form before JSON. */
  readonly bodyFor: (request: Request) => Body;

  constructor(bodyFor: (request: Request) => Body) {
    super();
    this.bodyFor = bodyFor;
  }

  respond(request: Request, response: Response): void {
    response.json(this.bodyFor(request));
  }
}

/** What others may see of items of a kind. */
export interface Resource<Item, Result> {
  /** One: `{ data }`. */
  (item: Item): ResourceAnswer<{ readonly data: Result }>;
  /** Several: `{ data: […] }`. */
  collection(items: Iterable<Item>): ResourceAnswer<{ readonly data: readonly Result[] }>;
  /** A page, with the addresses of others: those of the request, with another page. */
  page(page: Page<Item>, options?: PageLinkOptions): ResourceAnswer<PageBody<Result>>;
  page(page: CursorPage<Item>, options?: PageLinkOptions): ResourceAnswer<CursorPageBody<Result>>;
  /** What is seen of one, for a resource that holds it. */
  readonly transform: ResourceTransform<Item, Result>;
}

/**
 * Says what others may see of items of a kind, and answers with one, several or a page of them.
 *
 * @example
 * import { defineResource } from 'trilite';
 *
 * interface Report {
 *   id: number;
 *   title: string;
 *   secret: string;
 * }
 *
 * export const reportResource = defineResource((report: Report) => ({
 *   id: report.id,
 *   title: report.title,
 * }));
 *
 * export class ReportController {
 *   show() {
 *     return reportResource({ id: 7, title: 'Sales', secret: '…' }); // { "data": { "id": 7, "title": "Sales" } }
 *   }
 * }
 */
export function defineResource<Item, Result>(
  transform: ResourceTransform<Item, Result>,
): Resource<Item, Result> {
  const all = (items: Iterable<Item>, request: Request): Result[] =>
    Array.from(items, (item) => transform(item, request));
  const one = (item: Item) => new ResourceAnswer((request) => ({ data: transform(item, request) }));
  const collection = (items: Iterable<Item>) =>
    new ResourceAnswer((request) => ({ data: all(items, request) }));
  const page = (found: Page<Item> | CursorPage<Item>, { parameter }: PageLinkOptions = {}) =>
    new ResourceAnswer((request): PageBody<Result> | CursorPageBody<Result> => {
      const { data: items, ...meta } = found;
      const data = all(items, request);
      const address = request.originalUrl;
      return 'total' in meta
        ? { data, links: pageLinks(address, meta, parameter), meta }
        : { data, links: cursorLinks(address, meta, parameter), meta };
    });
  // The overloads of `page` say which page gives which body
  return Object.assign(one, { collection, page, transform }) as Resource<Item, Result>;
}
