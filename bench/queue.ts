import { join } from 'node:path';
import { withAwakeCores } from './lib/awake';
import type { Benchmark, Floor } from './lib/benchmark';
import { measureDispatching } from './queue/dispatching';
import { measurePickingUp } from './queue/picking-up';
import { printSettings, SIDE_NAMES, withSides, type Sides } from './queue/sides';
import { measureWorking } from './queue/working';

/*
 * Jobs with nothing to do: how fast they are dispatched, how fast one worker process does those of a full queue, and how soon a waiting
 * worker begins one that another process dispatches. Each of the three has new files and a new redis-server.
 */

/** Of the seconds of a side, those in which it is dispatched to in each of the two ways. */
const DISPATCHING = 1 / 4;

export const queue: Benchmark = {
  name: 'queue',
  shows: 'jobs with nothing to do, in Trilite, by hand, in BullMQ and in plainjob',
  seconds: { alone: 10, among: 2 },

  run: ({ folder, seconds }) =>
    withAwakeCores(async (whileAwake) => {
      const part = (name: string, measure: (sides: Sides) => Promise<Floor[]>): Promise<Floor[]> =>
        withSides(join(folder, name), measure);
      return [
        ...(await part('dispatching', (sides) => {
          printSettings(sides, SIDE_NAMES);
          return measureDispatching(sides, seconds * DISPATCHING, whileAwake);
        })),
        ...(await part('working', (sides) => measureWorking(sides, seconds))),
        ...(await part('picking-up', (sides) => measurePickingUp(sides, seconds, whileAwake))),
      ];
    }),
};
