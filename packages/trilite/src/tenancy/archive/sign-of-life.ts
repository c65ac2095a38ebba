import { utimes } from 'node:fs';
import { clock } from '../../support/clock';

/** Often enough that "tenants:doctor" does not take long work for work that was interrupted. */
const EVERY_MS = 60_000;

/** Shows by the time of a folder that somebody is at work in it. @returns what ends that */
export function giveSignsOfLife(folder: string): () => void {
  const timer = setInterval(() => {
    const now = new Date(clock.now());
    utimes(folder, now, now, () => undefined); // it may have been put in place just now
  }, EVERY_MS).unref();
  return () => clearInterval(timer);
}
