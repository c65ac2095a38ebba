import type { CursorPage, Page } from '../../database/paging/pagination';
import { withOneSlash } from '../local-path';

/** The addresses of other pages: paths of this site; null where there is none. */
export interface PageLinks {
  readonly first: string;
  readonly prev: string | null;
  readonly next: string | null;
  readonly last: string;
}

/** The addresses of the pages beside one: paths of this site; null where there is none. */
export interface CursorLinks {
  readonly prev: string | null;
  readonly next: string | null;
}

/** @param address what the request asked for; what else its query says is kept */
export function pageLinks(
  address: string,
  { page, lastPage }: Omit<Page<unknown>, 'data'>,
  parameter = 'page',
): PageLinks {
  const at = (number: number): string => withParameter(address, parameter, String(number));
  return {
    first: at(1),
    prev: page > 1 ? at(Math.min(page - 1, lastPage)) : null, // of a page behind the last one, too
    next: page < lastPage ? at(page + 1) : null,
    last: at(lastPage),
  };
}

/** @param address what the request asked for; what else its query says is kept */
export function cursorLinks(
  address: string,
  { previousCursor, nextCursor }: Omit<CursorPage<unknown>, 'data'>,
  parameter = 'cursor',
): CursorLinks {
  const at = (cursor: string | null): string | null =>
    cursor === null ? null : withParameter(address, parameter, cursor);
  return { prev: at(previousCursor), next: at(nextCursor) };
}

function withParameter(address: string, name: string, value: string): string {
  const [path = '', ...query] = address.split('?');
  const parameters = new URLSearchParams(query.join('?'));
  parameters.set(name, value);
  return `${withOneSlash(path)}?${parameters.toString()}`;
}
