import type { Kysely } from 'kysely';

/** The query builder a migration is given. */
// eslint-disable-next-line @typescript-eslint/no-explicit-any -- a migration speaks of tables as they were, not as the types say now
export type MigrationDatabase = Kysely<any>;
