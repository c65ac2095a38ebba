import type { ViewHelpers } from '../../view/view-engine';
import type { Request } from '../request';

/** What app/views.ts declares. */
export interface ViewOptions {
  /** Functions that every template may call by their names. Default: none. */
  readonly helpers?: ViewHelpers;
  /**
   * What every view of a request finds in `it`, beneath what the controller gives. Called once for each view that is answered with, in the work of
   * its request; for pages of errors, too, whose request may have no session. Default: nothing.
   */
  readonly shared?: (request: Request) => object | Promise<object>;
}

/**
 * Declares what the templates of an application have beside what a controller gives them.
 *
 * @example
 * import { defineViews } from 'trilite';
 *
 * export default defineViews({
 *   helpers: { euros: (cents: number) => `${(cents / 100).toFixed(2)} €` },
 *   shared: ({ user }) => ({ user }),
 * });
 */
export const defineViews = (options: ViewOptions): ViewOptions => options;
