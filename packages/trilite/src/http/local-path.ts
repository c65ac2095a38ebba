/** Control characters, which browsers leave out of an address, and backslashes, which they take for slashes. */
// eslint-disable-next-line no-control-regex -- they are what is looked for
const MISLEADING = /[\x00-\x1f\x7f\\]/;

/** Whether a text is a path that every browser takes for one of this site. */
export function isLocalPath(text: unknown): text is string {
  return typeof text === 'string' && /^\/(?!\/)/.test(text) && !MISLEADING.test(text);
}

/**
 * A path of this site, or the fallback for all else: for where a request asks to be sent on to.
 *
 * @example
 * import { localPath, redirect, type Request } from 'trilite';
 *
 * export function store(request: Request) {
 *   return redirect(localPath(request.query['next'], '/home'));
 * }
 */
export function localPath(value: unknown, fallback = '/'): string {
  return isLocalPath(value) ? value : fallback;
}

/** A path with one slash in front: two would be another host. */
export function withOneSlash(path: string): string {
  return path.replace(/^[/\\]+/, '/');
}
