import { canariesIn } from './file-contents-store';
import type {
  IsolationJob,
  IsolationRequest,
  IsolationTenant,
  TenantIsolationOptions,
} from './isolation-options';
import { IsolationSite, type IsolationAnswer } from './isolation-site';
import {
  centralChanges,
  changesBy,
  holdsOwn,
  ownerOf,
  strayCanaries,
  type IsolationSnapshot,
} from './isolation-snapshot';

/** One thing that is proved, each with an application of its own. */
export interface IsolationCheck {
  /** What holds, as a sentence. */
  readonly name: string;
  /** @throws Error with everything that does not */
  readonly run: () => Promise<void>;
}

type Requests = NonNullable<TenantIsolationOptions['requests']>;

/** How many jobs run at once. */
const CONCURRENCY = 4;

/** What is proved of an application. */
export function isolationChecks(options: TenantIsolationOptions): readonly IsolationCheck[] {
  const { requests = [], jobs = [] } = options;
  const check = (name: string, prove: (site: IsolationSite) => Promise<string[]>) => ({
    name,
    run: () => runCheck(options, prove),
  });
  const made = requests.filter((one) => typeof one === 'function');
  return [
    ...(requests.length === 0
      ? []
      : [
          check('a request changes nothing that is not its tenant’s', oneByOne(options)),
          check('requests of several tenants at once see their own data alone', atOnce(options)),
        ]),
    ...(made.length === 0
      ? []
      : [check('a request with an id of another tenant’s row gets none of it', withIds(options))]),
    ...(jobs.length === 0
      ? []
      : [
          check('a job changes nothing that is not its tenant’s', jobsOneByOne(options)),
          check('jobs of several tenants at once see their own data alone', jobsAtOnce(options)),
        ]),
  ];
}

/** Opens an application, proves, and looks afterwards into every file. */
async function runCheck(
  options: TenantIsolationOptions,
  prove: (site: IsolationSite) => Promise<string[]>,
): Promise<void> {
  const site = await IsolationSite.open(options);
  try {
    const { app, tenants } = site;
    const allowed = options.allowCentral ?? [];
    const before = await site.snapshot();
    const problems = await prove(site);
    const after = await site.snapshot();
    problems.push(...centralChanges(before, after, allowed));
    problems.push(...strayCanaries(tenants, after, { app, allowed }));
    if (problems.length > 0) throw new Error([...new Set(problems)].join('\n'));
  } finally {
    await site.close();
  }
}

/** Each request of each tenant, and a look at everything after it. Who is first changes from request to request. */
function oneByOne({ requests = [] }: TenantIsolationOptions) {
  return async (site: IsolationSite): Promise<string[]> => {
    const { tenants } = site;
    const problems: string[] = [];
    const seen = new Set<string>();
    let before = await site.snapshot();
    for (const [index, request] of requests.entries()) {
      for (const tenant of rotated(tenants, index)) {
        const asked = requestOf(request, tenant);
        const answer = await site.ask(tenant, asked);
        for (const canary of canariesIn(answer.text)) seen.add(canary);
        problems.push(...answerProblems(tenant, asked, answer, tenants));
        const after = await site.snapshot();
        problems.push(...changesBy(tenant, before, after));
        before = after;
      }
    }
    return [...problems, ...unseen(tenants, before, seen)];
  };
}

/** All requests of all tenants at once, whoever begins. */
function atOnce({ requests = [] }: TenantIsolationOptions) {
  return async (site: IsolationSite): Promise<string[]> => {
    const problems: string[] = [];
    for (const order of ordersOf(site.tenants)) {
      const asks = requests.flatMap((request) =>
        order.map(async (tenant) => {
          const asked = requestOf(request, tenant);
          const answer = await site.ask(tenant, asked);
          problems.push(...answerProblems(tenant, asked, answer, order));
        }),
      );
      await Promise.all(asks);
    }
    return problems;
  };
}

/** Each request that is made for a tenant, sent by every other one: its address and its canary, with the first one's ids. */
function withIds({ requests = [] }: TenantIsolationOptions) {
  return async (site: IsolationSite): Promise<string[]> => {
    const { tenants } = site;
    const problems: string[] = [];
    let before = await site.snapshot();
    for (const request of requests.filter((one) => typeof one === 'function')) {
      for (const [tenant, victim] of pairsOf(tenants)) {
        const asked = request({ ...tenant, values: victim.values });
        const { text } = await site.ask(tenant, asked);
        problems.push(...foreignData(tenant, asked, text, tenants));
        const after = await site.snapshot();
        problems.push(...changesBy(tenant, before, after));
        before = after;
      }
    }
    return problems;
  };
}

function jobsOneByOne({ jobs = [] }: TenantIsolationOptions) {
  return async (site: IsolationSite): Promise<string[]> => {
    const { tenants } = site;
    const problems: string[] = [];
    let before = await site.snapshot();
    for (const [index, job] of jobs.entries()) {
      for (const tenant of rotated(tenants, index)) {
        await site.dispatch(tenant, jobOf(job, tenant));
        problems.push(...(await site.work(1)));
        const after = await site.snapshot();
        problems.push(...changesBy(tenant, before, after));
        before = after;
      }
    }
    return problems;
  };
}

function jobsAtOnce({ jobs = [] }: TenantIsolationOptions) {
  return async (site: IsolationSite): Promise<string[]> => {
    const problems: string[] = [];
    for (const order of ordersOf(site.tenants)) {
      for (const job of jobs) {
        for (const tenant of order) await site.dispatch(tenant, jobOf(job, tenant));
      }
      problems.push(...(await site.work(CONCURRENCY)));
    }
    return problems;
  };
}

function answerProblems(
  tenant: IsolationTenant,
  request: IsolationRequest,
  { status, text }: IsolationAnswer,
  tenants: readonly IsolationTenant[],
): string[] {
  const problems = foreignData(tenant, request, text, tenants);
  const isExpected = request.status === undefined ? status < 400 : status === request.status;
  if (!isExpected) {
    const wanted = request.status ?? 'a status below 400';
    problems.push(`${wordsOf(request, tenant)} answered ${status} in place of ${wanted}.`);
  }
  return problems;
}

function foreignData(
  tenant: IsolationTenant,
  request: IsolationRequest,
  text: string,
  tenants: readonly IsolationTenant[],
): string[] {
  return canariesIn(text)
    .filter((canary) => canary !== tenant.canary)
    .map((canary) => `${wordsOf(request, tenant)} answered data of ${ownerOf(canary, tenants)}.`);
}

/** A tenant that writes nothing proves nothing. */
function unseen(
  tenants: readonly IsolationTenant[],
  snapshot: IsolationSnapshot,
  answered: ReadonlySet<string>,
): string[] {
  const silent = tenants.filter(
    (tenant) => !answered.has(tenant.canary) && !holdsOwn(tenant, snapshot),
  );
  if (silent.length === 0) return [];
  const ids = silent.map(({ id }) => `"${id}"`).join(', ');
  return [
    `No canary of ${ids} was seen anywhere: write "tenant.canary" in "arrange", or send it with a request.`,
  ];
}

function wordsOf({ method = 'GET', path }: IsolationRequest, { id }: IsolationTenant): string {
  return `${method} ${path} of "${id}"`;
}

function requestOf(request: Requests[number], tenant: IsolationTenant): IsolationRequest {
  return typeof request === 'function' ? request(tenant) : request;
}

function jobOf(
  job: NonNullable<TenantIsolationOptions['jobs']>[number],
  tenant: IsolationTenant,
): IsolationJob {
  return typeof job === 'function' ? job(tenant) : job;
}

function rotated<T>(values: readonly T[], by: number): readonly T[] {
  const at = by % values.length;
  return [...values.slice(at), ...values.slice(0, at)];
}

/** Everybody is first once, and last once. */
function ordersOf<T>(values: readonly T[]): readonly (readonly T[])[] {
  return values.map((_, index) => {
    const order = rotated(values, index);
    return index % 2 === 0 ? order : order.toReversed();
  });
}

function pairsOf<T>(values: readonly T[]): [T, T][] {
  return values.flatMap((one) =>
    values.filter((other) => other !== one).map((other): [T, T] => [one, other]),
  );
}
