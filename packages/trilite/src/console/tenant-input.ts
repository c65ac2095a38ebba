import { wordsOf } from './tenant-selection';

/** The options of a command that say what a tenant is called. */
export const tenantNameOptions = {
  slug: { type: 'string', value: 'slug', description: 'A readable name, of the form of an id' },
  name: { type: 'string', value: 'name', description: 'What people call it' },
} as const;

/** What was typed of a tenant; all of it is text that the registry checks. */
export interface TypedTenant {
  readonly slug?: string | undefined;
  readonly name?: string | undefined;
  /** Host names with commas between them. */
  readonly domains?: string | undefined;
}

/** What was typed of a tenant, as the registry takes it; what was left out stays out. */
export function readTenant({ slug, name, domains }: TypedTenant): {
  readonly slug?: string;
  readonly name?: string;
  readonly domains?: readonly string[];
} {
  return {
    ...(slug !== undefined && { slug }),
    ...(name !== undefined && { name }),
    ...(domains !== undefined && { domains: wordsOf(domains) }),
  };
}
