import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { makeQueueApplication, type Application, type Queues } from '../lib/application';
import { rawLike } from '../lib/raw';
import { startRedis, type RedisServer } from '../lib/redis';
import { bullmqSide } from './bullmq-side';
import { byHandSide } from './by-hand-side';
import { plainjobSide } from './plainjob-side';
import type { QueueSide, QueueSideOrReason } from './queue-side';
import { triliteSide } from './trilite-side';

/** The sides, and what they are called in tables, in this order. */
export const TITLES = {
  trilite: 'Trilite',
  triliteQuiet: 'Trilite, --quiet',
  triliteAwake: '… other cores awake',
  byHand: 'by hand',
  plainjob: 'plainjob',
  bullmq: 'BullMQ, Redis on loopback',
  bullmqAwake: '… other cores awake',
};

export type SideName = keyof typeof TITLES;
export const SIDE_NAMES = Object.keys(TITLES) as readonly SideName[];
export type Sides = Readonly<Record<SideName, QueueSideOrReason>>;

/** Sides that wait for another process, measured a second time while the other cores are kept awake. */
export const AWAKE: ReadonlySet<SideName> = new Set<SideName>(['triliteAwake', 'bullmqAwake']);

/** Has every side open, with nothing in it, in files of a new folder, for as long as they are used. */
export async function withSides<T>(folder: string, use: (sides: Sides) => Promise<T>): Promise<T> {
  mkdirSync(folder);
  const app = await openApplication(folder);
  const redis = await startRedis(join(folder, 'redis'));
  const sides = await openSides(app, redis);
  try {
    return await use(sides);
  } finally {
    for (const side of new Set(Object.values(sides))) {
      if (typeof side !== 'string') await side.close();
    }
    await redis?.stop();
    await app.close();
  }
}

function openApplication(folder: string): Promise<Application> {
  const names = ['trilite', 'triliteQuiet', 'byHand', 'plainjob'];
  const queues: Queues = Object.fromEntries(
    names.map((name) => [name, { driver: 'sqlite', connection: name }]),
  );
  return makeQueueApplication(folder, queues, require.resolve('./jobs'));
}

async function openSides(app: Application, redis: RedisServer | undefined): Promise<Sides> {
  const trilite = triliteSide(app, 'trilite');
  const bullmq = await bullmqSide(redis);
  return {
    trilite,
    triliteQuiet: triliteSide(app, 'triliteQuiet', true),
    triliteAwake: trilite,
    byHand: await byHandSide(app, 'byHand'),
    plainjob: await plainjobSide(await rawLike(app.connections.connection('plainjob'))),
    bullmq,
    bullmqAwake: bullmq,
  };
}

/** Those of some sides that are there, by name. */
export function present(sides: Sides, names: readonly SideName[]): [SideName, QueueSide][] {
  return names.flatMap((name) => {
    const side = sides[name];
    return typeof side === 'string' ? [] : [[name, side] as [SideName, QueueSide]];
  });
}

/** Says of those of some sides that are there which version they are, and what is set. */
export function printSettings(sides: Sides, names: readonly SideName[]): void {
  for (const [name, { settings }] of present(sides, names)) {
    if (!AWAKE.has(name)) console.log(`  ${TITLES[name]}: ${settings}`);
  }
  console.log();
}
