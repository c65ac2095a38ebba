/*
 * Who holds a job or a lock, in words. What Trilite makes as an owner has parts, of which a person wants the pid and the name that was given to
 * a worker; what else there is, an application made.
 */

/** Parts of an owner that Trilite made, at least; the sixth is the name of a worker. */
const PARTS = 4;
const NAME_PART = 5;

/** The process of an owner: `pid 12`, `pid 12, gone`. */
export function processText(owner: string): string {
  const { isOwnerGone } = owners();
  return isOwnerGone(owner) ? `${holderText(owner)}, gone` : holderText(owner);
}

/** The process of an owner, whether or not it lives. */
export function holderText(owner: string): string {
  const pid = owners().pidOfOwner(owner);
  if (pid !== undefined) return `pid ${pid}`;
  return owner.split('/').length >= PARTS ? 'another machine or container' : `"${owner}"`;
}

/** A worker by its name, if it has one, and its process. */
export function workerText(owner: string, { isRunning }: { readonly isRunning: boolean }): string {
  const name = owner.split('/')[NAME_PART];
  // Of a job that has ended, it is no news that its worker has
  const where = isRunning ? processText(owner) : holderText(owner);
  return name === undefined ? where : `${name}, ${where}`;
}

/** Only here: `list` is to answer at once. */
function owners(): typeof import('../support/owner') {
  return require('../support/owner') as typeof import('../support/owner');
}
