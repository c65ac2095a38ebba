import type { Tenant, TenantState } from '../tenancy/tenant';
import { isTenantId } from '../tenancy/tenant-id';
import { KEPT_STATES, type Tenancy, type TenantFilter } from '../tenancy/tenancy';
import { CommandUsageError } from './errors';

/** The options of a command that say which tenants it is about, where nobody is meant unless somebody is said. */
export const chosenTenantOptions = {
  tenants: { type: 'string', value: 'a,b', description: 'These tenants, by id' },
  except: { type: 'string', value: 'a,b', description: 'All but these, by id' },
  where: {
    type: 'string',
    value: 'key=value',
    description: 'Those whose id, slug, name, state or domain is this; "*" stands for any text',
  },
  state: {
    type: 'string',
    value: 'a,b',
    description: 'Those in one of these states: active, suspended, down, creating, deleted',
  },
} as const;

/** The options of a command that say which tenants it is about, where all are meant unless some are said. */
export const tenantOptions = {
  ...chosenTenantOptions,
  tenants: { ...chosenTenantOptions.tenants, description: 'These tenants, by id; by default all' },
} as const;

const runOptions = {
  concurrency: {
    type: 'integer',
    value: 'n',
    description: 'Tenants at a time',
    default: 1,
    min: 1,
    max: 64,
  },
  'dry-run': { description: 'Say which tenants are meant, and do nothing' },
  json: { description: 'Print JSON and nothing else' },
} as const;

/** The options of a command that does something to each of many tenants. */
export const tenantRunOptions = { ...tenantOptions, ...runOptions } as const;

/** The same of a command that does what is hard to take back: nobody is meant unless somebody is said. */
export const chosenTenantRunOptions = { ...chosenTenantOptions, ...runOptions } as const;

/** What was typed of them. */
export interface TenantChoice {
  readonly tenants?: string | undefined;
  readonly except?: string | undefined;
  readonly where?: string | undefined;
  readonly state?: string | undefined;
}

/** States that can be asked for: a purged tenant is no more than an id. */
export const TENANT_STATES: readonly TenantState[] = [
  'creating',
  'active',
  'suspended',
  'down',
  'deleted',
];

const KEYS: Readonly<Record<string, (tenant: Tenant) => readonly string[]>> = {
  id: ({ id }) => [id],
  slug: ({ slug }) => [slug],
  name: ({ name }) => [name],
  state: ({ state }) => [state],
  domain: ({ domains }) => domains,
};

/** Whether anything was typed that says which tenants are meant. */
export function isChoosing({ tenants, except, where, state }: TenantChoice): boolean {
  return [tenants, except, where, state].some((given) => given !== undefined);
}

/**
 * Refuses a choice of nobody, which would be one of everybody.
 *
 * @throws E_COMMAND_USAGE
 */
export function requireChoice(command: string, choice: TenantChoice, by = '--tenants'): void {
  if (isChoosing(choice)) return;
  throw CommandUsageError.because(
    command,
    `Say which tenants: by ${by}, or "--where=id=*" for all`,
  );
}

/**
 * The filter that was typed. Its `states` are always given.
 *
 * @param states those meant when none is typed
 * @throws E_COMMAND_USAGE for what is no id, state or condition
 */
export function readTenantFilter(
  command: string,
  { tenants, except, where, state }: TenantChoice,
  states: readonly TenantState[],
): TenantFilter & { readonly states: readonly TenantState[] } {
  const conditions = (where === undefined ? [] : wordsOf(where)).map((one) =>
    readCondition(command, one),
  );
  const asksState = conditions.some(({ key }) => key === 'state');
  return {
    ...(tenants !== undefined && { tenants: readIds(command, wordsOf(tenants)) }),
    ...(except !== undefined && { except: readIds(command, wordsOf(except)) }),
    states: state === undefined ? (asksState ? TENANT_STATES : states) : readStates(command, state),
    where: (tenant) => conditions.every(({ fits }) => fits(tenant)),
  };
}

/**
 * The tenants that were meant, in the order of their ids.
 *
 * @throws E_TENANT_NOT_FOUND for an id that no tenant has, also of one that is to be left out
 * @throws E_TENANT_UNAVAILABLE for one that was named, and is in no state that is meant
 */
export async function selectTenants(tenancy: Tenancy, filter: TenantFilter): Promise<Tenant[]> {
  for (const id of filter.except ?? []) await tenancy.findOrFail(id);
  return tenancy.select(filter);
}

/** Tenants who fit all that was typed, and are left out for the state they are in; nobody where states, or ids, were typed. */
export async function leftOut(
  tenancy: Tenancy,
  { states = ['active'], ...filter }: TenantFilter,
  { state, tenants }: TenantChoice,
): Promise<Tenant[]> {
  const others = KEPT_STATES.filter((one) => !states.includes(one));
  if (state !== undefined || tenants !== undefined || others.length === 0) return [];
  return tenancy.select({ ...filter, states: others });
}

/** Ids as they were typed. @throws E_COMMAND_USAGE */
export function readIds(command: string, words: readonly string[]): readonly string[] {
  if (words.length === 0) throw CommandUsageError.because(command, 'An id is missing');
  const wrong = words.find((word) => !isTenantId(word));
  if (wrong === undefined) return words;
  throw CommandUsageError.because(command, `"${wrong}" is not the id of a tenant`);
}

/** Ids, ready to be typed again. */
export function asOption(ids: readonly string[]): string {
  return `--tenants=${ids.join(',')}`;
}

function readStates(command: string, text: string): readonly TenantState[] {
  return wordsOf(text).map((word) => {
    const state = TENANT_STATES.find((one) => one === word);
    if (state !== undefined) return state;
    throw CommandUsageError.because(
      command,
      `"${word}" is no state of a tenant: there are ${TENANT_STATES.join(', ')}`,
    );
  });
}

function readCondition(
  command: string,
  text: string,
): { readonly key: string; readonly fits: (tenant: Tenant) => boolean } {
  const [, key = '', value = ''] = /^(\w+)=(.+)$/s.exec(text) ?? [];
  const read = Object.hasOwn(KEYS, key) ? KEYS[key] : undefined;
  if (read === undefined) {
    throw CommandUsageError.because(
      command,
      `"${text}" is no condition such as "name=A*": there are ${Object.keys(KEYS).join(', ')}`,
    );
  }
  const pattern = globOf(value);
  return { key, fits: (tenant) => read(tenant).some((one) => pattern.test(one)) };
}

/** Upper and lower case are the same: names are typed by people. */
function globOf(text: string): RegExp {
  const source = text
    .split('*')
    .map((part) => part.replace(/[.+?^${}()|[\]\\]/g, '\\$&'))
    .join('.*');
  return new RegExp(`^${source}$`, 'is');
}

/** Words that were typed with commas between them. */
export function wordsOf(text: string): string[] {
  return text
    .split(',')
    .map((word) => word.trim())
    .filter((word) => word !== '');
}
