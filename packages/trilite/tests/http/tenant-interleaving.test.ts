import fc from 'fast-check';
import { CacheRepository } from '../../src/cache/cache-repository';
import { Database } from '../../src/database/database';
import { gate } from '../helpers/gate';
import { openTenantSite, type TenantSite } from '../helpers/tenant-site';

/*
 * Requests of several tenants at once, each held at three barriers: before it writes a canary, before it reads all canaries back, before it reads
 * them again. A schedule says who begins or goes on next; it is followed exactly, so that every order of beginnings and ends can be had.
 */

const IDS = ['acme', 'globex', 'initech'];
/** Its beginning, and what follows each of three barriers. */
const STEPS = 4;

/** What a visit does in whatever is current. */
interface Canaries {
  write(canary: string): Promise<void>;
  read(): Promise<readonly string[]>;
}

/** Goes through a visit, held at each barrier. */
type Pass = () => Promise<void>;

/** What serves visits of tenants, right or wrong. */
interface Implementation {
  /** @returns all canaries that the visit has read */
  visit(id: string, canary: string, pass: Pass): Promise<readonly string[]>;
}

async function visit(canaries: Canaries, canary: string, pass: Pass): Promise<readonly string[]> {
  await pass();
  await canaries.write(canary);
  await pass();
  const first = await canaries.read();
  await pass();
  return [...first, ...(await canaries.read())];
}

let canariesMade = 0;

/** Follows a schedule of the indexes of tenants. @returns what is wrong with what each has read */
async function follow(
  implementation: Implementation,
  schedule: readonly number[],
): Promise<string[]> {
  const visitors = IDS.map((id) => startable(implementation, id));
  for (const index of schedule) await visitors[index]?.step();
  const wrong = await Promise.all(visitors.map(({ wrong }) => wrong()));
  return wrong.flat();
}

/** A visit that begins at its first step, and goes on to its next barrier or its end at each further one. */
function startable(implementation: Implementation, id: string) {
  const canary = `${id}:${(canariesMade += 1)}`;
  let [arrived, opened] = [gate(), gate()];
  const pass: Pass = () => {
    const here = opened.opened;
    arrived.open();
    return here;
  };
  let read: Promise<readonly string[]> | undefined;
  return {
    step: (): Promise<void> => {
      const before = opened;
      [arrived, opened] = [gate(), gate()];
      if (read === undefined) {
        read = implementation.visit(id, canary, pass).finally(() => arrived.open());
      } else {
        before.open();
      }
      return arrived.opened;
    },
    wrong: async (): Promise<string[]> => {
      if (read === undefined) return [];
      const seen = await read;
      const foreign = seen.filter((one) => !one.startsWith(`${id}:`));
      const own = seen.filter((one) => one === canary).length === 2 ? [] : [`no ${canary}`];
      return [...foreign, ...own].map((what) => `${id} sees ${what}`);
    },
  };
}

/** Each order in which so many visitors begin and go on. */
const schedules = (visitors: number) => {
  const steps = Array.from({ length: visitors * STEPS }, (_, step) => step % visitors);
  return fc.shuffledSubarray(steps, { minLength: steps.length, maxLength: steps.length });
};

/** Every order of two visitors: which of the steps are the second's. */
function everyScheduleOfTwo(): number[][] {
  const masks = Array.from({ length: 2 ** (2 * STEPS) }, (_, mask) =>
    Array.from({ length: 2 * STEPS }, (_unused, bit) => (mask >> bit) & 1),
  );
  return masks.filter((steps) => steps.filter((index) => index === 1).length === STEPS);
}

const law = (implementation: Implementation) =>
  fc.asyncProperty(schedules(3), async (schedule) => {
    expect(await follow(implementation, schedule)).toEqual([]);
  });

describe('requests of several tenants at once', () => {
  let site: TenantSite;
  const held = new Map<string, Pass>();

  const canaries: Canaries = {
    write: async (text) => {
      const { app } = site;
      await app
        .make(Database)
        .insertInto('notes' as never)
        .values({ text })
        .execute();
      const known = (await app.make(CacheRepository).get<string[]>('canaries')) ?? [];
      await app.make(CacheRepository).put('canaries', [...known, text]);
    },
    read: async () => {
      const rows = await site.app
        .make(Database)
        .selectFrom('notes' as never)
        .selectAll()
        .execute();
      const cached = (await site.app.make(CacheRepository).get<string[]>('canaries')) ?? [];
      const texts = new Set((rows as { text: string }[]).map(({ text }) => text));
      const known = new Set(cached);
      return [...texts]
        .filter((text) => known.has(text))
        .concat(cached.filter((one) => !texts.has(one)));
    },
  };

  const overHttp: Implementation = {
    visit: async (id, canary, pass) => {
      held.set(canary, pass);
      const { json } = await site.ask({ host: `${id}.example`, path: `/visit/${canary}` });
      return json as unknown as string[];
    },
  };

  beforeAll(async () => {
    site = await openTenantSite({
      tenants: IDS,
      tenantRoutes: (route) => {
        route.get('/visit/:canary', (request) => {
          const canary = request.param('canary');
          return visit(canaries, canary, held.get(canary) as Pass);
        });
      },
    });
  });
  afterAll(() => site.close());

  test('see their own tenant’s canaries alone, in every order of two', async () => {
    for (const schedule of everyScheduleOfTwo()) {
      expect([schedule, await follow(overHttp, schedule)]).toEqual([schedule, []]);
    }
  });

  test('see their own tenant’s canaries alone, in whatever order of three', async () => {
    await fc.assert(law(overHttp), { numRuns: 300 });
    for (const id of IDS) {
      const kept = await site.app.tenancy.run(id, () => canaries.read());
      expect(kept.filter((one) => !one.startsWith(`${id}:`))).toEqual([]);
      expect(kept.length).toBeGreaterThan(300 - 1);
    }
  });
});

describe('the test itself', () => {
  /** Who is current, kept as no one should: put back when the work ends. */
  function globalVariable(): Implementation {
    const files = new Map(IDS.map((id) => [id, [] as string[]]));
    let current = '';
    const canaries: Canaries = {
      write: async (canary) => void files.get(current)?.push(canary),
      read: async () => [...(files.get(current) ?? [])],
    };
    return {
      visit: async (id, canary, pass) => {
        const before = current;
        current = id;
        try {
          return await visit(canaries, canary, pass);
        } finally {
          current = before;
        }
      },
    };
  }

  const wrongIn = (schedule: readonly number[]) => follow(globalVariable(), schedule);

  test('passes a global variable where one comes after the other, or ends inside of it', async () => {
    expect(await wrongIn([0, 0, 0, 0, 1, 1, 1, 1])).toEqual([]);
    expect(await wrongIn([0, 1, 1, 1, 1, 0, 0, 0])).toEqual([]);
  });

  test('finds it out where the second ends last, and in most orders', async () => {
    expect(await wrongIn([0, 1, 0, 0, 0, 1, 1, 1])).not.toEqual([]);
    const caught = await Promise.all(everyScheduleOfTwo().map(wrongIn));
    expect(caught.filter((wrong) => wrong.length > 0).length).toBeGreaterThan(caught.length / 2);
    await expect(fc.assert(law(globalVariable()), { numRuns: 300 })).rejects.toThrow(/failed/);
  });
});
