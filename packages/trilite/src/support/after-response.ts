import { currentMemory } from './scope-holder';

/** Work that waits until a request is answered. */
export type AfterResponse = () => Promise<void> | void;

/** By the memory of each request. */
const key = Symbol('after the response');

/** Has the current work collect what is to happen after its response. @returns what takes it, once the response is sent */
export function collectAfterResponse(): () => readonly AfterResponse[] {
  const waiting: AfterResponse[] = [];
  const memory = currentMemory();
  memory?.set(key, waiting);
  return () => {
    memory?.delete(key); // who went away early leaves work that is still to be asked for, and nobody to take it
    return waiting;
  };
}

/** Has something happen after the response of the current request. Tells whether there is one to come: else nothing is kept. */
export function afterResponse(work: AfterResponse): boolean {
  const waiting = currentMemory()?.get(key) as AfterResponse[] | undefined;
  waiting?.push(work);
  return waiting !== undefined;
}
