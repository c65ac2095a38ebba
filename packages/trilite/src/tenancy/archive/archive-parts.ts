import type { SqliteSettings } from '../../config/schema';
import type { TenantRole } from '../../config/tenant-connections';
import type { Handle } from '../../database/connection-handle';
import type { Tenancy } from '../tenancy';
import type { Tenant } from '../tenant';
import type { TenantFiles } from '../tenant-files';
import type { TenantId } from '../tenant-id';
import type { LastingRole, TenantFilePaths, TenantPaths } from '../tenant-paths';
import type { Manifest } from './manifest';

/** What archives are made of, and made into. */
export interface TenantArchivesParts {
  readonly tenancy: Pick<Tenancy, 'isOn' | 'findOrFail' | 'refuseTaken' | 'adopt' | 'noteSchema'>;
  readonly files: TenantFiles;
  readonly paths: TenantPaths;
  /** How the files of each role are opened. */
  readonly settings: (role: TenantRole) => SqliteSettings;
  readonly schema: {
    /** The migrations that ran on files, whoever's they are. */
    ran(files: TenantFilePaths, id: TenantId): Promise<Readonly<Record<LastingRole, string[]>>>;
    /** Brings files up to date where that is asked for. @returns what is still to run @throws E_TENANT_SCHEMA for newer ones */
    renew(files: TenantFilePaths, id: TenantId): Promise<readonly string[]>;
  };
  /** Takes from the copy of a file what another application cannot go on with. */
  readonly settle: (handle: Handle, options: { readonly withoutQueue: boolean }) => void;
}

/** How a tenant is exported. */
export interface ExportOptions {
  /** Whether the archive may take the place of a file. Default: false. */
  readonly force?: boolean | undefined;
  /** Whether its jobs, those that failed included, stay behind. Default: false. */
  readonly withoutQueue?: boolean | undefined;
  /** Ends it: it rejects with the reason then, and leaves nothing. */
  readonly signal?: AbortSignal | undefined;
}

/** An archive that was made. */
export interface ExportedTenant {
  readonly tenant: Tenant;
  /** Where the archive lies. */
  readonly file: string;
  /** Of the archive. */
  readonly bytes: number;
  /** How many lie in the tenant's `files/`. */
  readonly files: number;
  /** Whether its jobs are in the archive. */
  readonly hasQueue: boolean;
}

/** How a tenant is imported. */
export interface ImportOptions {
  /** The id it is to have here. Default: the one it had. */
  readonly id?: string | undefined;
  /** Default: the one it had; where that was its id, the id it has here. */
  readonly slug?: string | undefined;
  /** Default: those it had. */
  readonly domains?: readonly string[] | undefined;
  /** Whether to do all but create it. Default: false. */
  readonly dryRun?: boolean | undefined;
  /** Ends it: it rejects with the reason then, and leaves nothing. */
  readonly signal?: AbortSignal | undefined;
}

/** What came of an import. */
export interface ImportedTenant {
  /** Undefined for a dry run. */
  readonly tenant: Tenant | undefined;
  /** The id it has here, or would have. */
  readonly id: TenantId;
  readonly manifest: Manifest;
  /** How many came into its `files/`. */
  readonly files: number;
  /** Migrations that its files have still to run before it takes work. */
  readonly pending: readonly string[];
}
