import { FrameworkError, type ErrorFacts } from '../support/errors';

/** Thrown at boot when the container cannot make a class, and later when a token is asked for that nobody bound. */
export class UnresolvableError extends FrameworkError {
  static at(path: readonly string[], problem: string, help: string): UnresolvableError {
    return new UnresolvableError({
      code: 'E_CONTAINER_UNRESOLVABLE',
      message: `Cannot make ${path.join(' → ')}: ${problem}.`,
      help,
    });
  }

  static ofTenant(token: string): UnresolvableError {
    return new UnresolvableError({
      code: 'E_CONTAINER_UNRESOLVABLE',
      message: `${token} belongs to a tenant's scope: what is bound with "shared" cannot reach it.`,
      help: 'Bind what needs it with "perTenant" instead of "shared".',
    });
  }

  /** @param path from what is bound for the application to what it may not have */
  static captive(path: readonly string[]): UnresolvableError {
    const [first = ''] = path;
    return new UnresolvableError({
      code: 'E_CONTAINER_UNRESOLVABLE',
      message: `${first} is bound with "shared" and needs what belongs to a tenant (${path.join(' -> ')}): it would use the first tenant's in the work of all others.`,
      help: `Bind ${first} with "perTenant" instead of "shared".`,
    });
  }

  static token(token: string, cause: unknown): UnresolvableError {
    return new UnresolvableError({
      code: 'E_CONTAINER_UNRESOLVABLE',
      message: `Cannot make ${token}: ${cause instanceof Error ? cause.message.replace(/\s+/g, ' ') : String(cause)}`,
      help: 'Bind it in a provider with "shared" or "perTenant"; a class also needs "@injectable()".',
      cause,
    });
  }
}

/** Thrown when something is bound after boot: what was made before would not know of it. */
export class ContainerFrozenError extends FrameworkError {
  static binding(token: string): ContainerFrozenError {
    return new ContainerFrozenError({
      code: 'E_CONTAINER_FROZEN',
      message: `Cannot bind ${token}: the container is frozen once the application has booted.`,
      help: 'Bind it in the "register" method of a provider that config/app.ts lists.',
    });
  }
}

/** Thrown when what claims to be the id or the slug of a tenant is none. */
export class TenantIdInvalidError extends FrameworkError {
  static of(what: 'id' | 'slug', raw: unknown): TenantIdInvalidError {
    return new TenantIdInvalidError({
      code: 'E_TENANT_ID_INVALID',
      message: `${shown(raw)} is not the ${what} of a tenant.`,
      help: 'Ids and slugs have 1 to 40 characters "a" to "z", "0" to "9" and "-", with no "-" at either end and no "--".',
      status: 400,
    });
  }
}

/** Thrown when what is to be a domain of a tenant's own is no host name, or the application's. */
export class TenantDomainInvalidError extends FrameworkError {
  /** @param ascii what a browser would send for it; '' for nothing it would */
  static malformed(raw: unknown, ascii: string): TenantDomainInvalidError {
    const help =
      'A domain is a host name such as "shop.example", without port; an IP address is none.';
    return TenantDomainInvalidError.#of(
      `${shown(raw)} is no host name.`,
      ascii.startsWith('xn--') || ascii.includes('.xn--') ? `Write it as "${ascii}".` : help,
    );
  }

  static central(domain: string): TenantDomainInvalidError {
    return TenantDomainInvalidError.#of(
      `The host "${domain}" is the application's own: no tenant can have it.`,
      'The own ones are that of "url" in config/app.ts, and "identification.centralDomains" and "baseDomain" in config/tenancy.ts.',
    );
  }

  static subdomain(domain: string): TenantDomainInvalidError {
    return TenantDomainInvalidError.#of(
      `The host "${domain}" is below "identification.baseDomain" in config/tenancy.ts: there, hosts are told by slugs.`,
      'Give the tenant the slug instead, with "artisan tenants:rename".',
    );
  }

  static #of(message: string, help: string): TenantDomainInvalidError {
    return new TenantDomainInvalidError({
      code: 'E_TENANT_DOMAIN_INVALID',
      message,
      help,
      status: 400,
    });
  }
}

/** Thrown when there is no tenant by that id, slug or domain. */
export class TenantNotFoundError extends FrameworkError {
  static withId(id: string): TenantNotFoundError {
    return TenantNotFoundError.#of(`with the id "${id}"`);
  }

  static withSlug(slug: string): TenantNotFoundError {
    return TenantNotFoundError.#of(`with the slug "${slug}"`);
  }

  static forHost(host: string): TenantNotFoundError {
    return TenantNotFoundError.#of(`for the host "${host}"`);
  }

  /** A request names none, and has to. */
  static unnamed(): TenantNotFoundError {
    return TenantNotFoundError.#of('that this request names');
  }

  static #of(by: string): TenantNotFoundError {
    return new TenantNotFoundError({
      code: 'E_TENANT_NOT_FOUND',
      message: `There is no tenant ${by}.`,
      help: 'See "artisan tenants:list"; create one with "artisan tenants:create".',
      status: 404,
    });
  }
}

/** Thrown when an id, a slug or a domain is already somebody's. */
export class TenantTakenError extends FrameworkError {
  constructor(
    readonly what: 'id' | 'slug' | 'domain',
    facts: Pick<ErrorFacts, 'message' | 'help' | 'cause'>,
  ) {
    super({ ...facts, code: 'E_TENANT_TAKEN', status: 409 });
  }

  static id(id: string): TenantTakenError {
    return new TenantTakenError('id', {
      message: `The id "${id}" is or was that of a tenant.`,
      help: 'Choose another id: none is given twice, so that nothing old is taken for something new.',
    });
  }

  static of(
    what: 'slug' | 'domain',
    value: string,
    { id, state }: { readonly id: string; readonly state: string },
  ): TenantTakenError {
    const isDeleted = state === 'deleted';
    return new TenantTakenError(what, {
      message: `The ${what} "${value}" is that of the tenant "${id}"${isDeleted ? ', which is deleted' : ''}.`,
      help: `Choose another ${what}, or ${isDeleted ? `purge "${id}"` : `take it from "${id}"`} first.`,
    });
  }
}

/** Thrown when a tenant is in no state for what was asked. */
export class TenantStateError extends FrameworkError {
  /** Work was asked for while the tenant takes none. */
  static unavailable(id: string, state: string): TenantStateError {
    const ways: Readonly<Record<string, string>> = {
      suspended: 'resume',
      down: 'up',
      deleted: 'restore',
    };
    return new TenantStateError({
      code: 'E_TENANT_UNAVAILABLE',
      message: `The tenant "${id}" is ${state}: it takes no work.`,
      help: `See to it with "artisan tenants:${ways[state] ?? 'show'} ${id}".`,
      status: state === 'deleted' || state === 'purged' ? 404 : 503,
    });
  }

  /** A tenant was named that is not among those that something is for. */
  static notAmong(
    id: string,
    { state, states }: { readonly state: string; readonly states: readonly string[] },
  ): TenantStateError {
    return new TenantStateError({
      code: 'E_TENANT_STATE',
      message: `The tenant "${id}" is ${state}, and this is for those that are ${states.join(' or ')}.`,
      help:
        states.join() === 'deleted'
          ? `"artisan tenants:show ${id}" says how it stands; to be purged it is deleted first, with "artisan tenants:delete ${id}".`
          : `If it is meant all the same, and the command takes it, add "--state=${state}"; "artisan tenants:show ${id}" says how it stands.`,
      status: 409,
    });
  }

  static cannot(
    verb: string,
    id: string,
    { state, from }: { readonly state: string; readonly from: readonly string[] },
  ): TenantStateError {
    return new TenantStateError({
      code: 'E_TENANT_STATE',
      message: `Cannot ${verb} the tenant "${id}": it is ${state}.`,
      help: `That goes from ${from.map((one) => `"${one}"`).join(', ')} alone.`,
      status: 409,
    });
  }
}

/** Thrown when the files of a tenant have other migrations than the code has. */
export class TenantSchemaError extends FrameworkError {
  static pending(id: string, names: readonly string[]): TenantSchemaError {
    return new TenantSchemaError({
      code: 'E_TENANT_SCHEMA',
      message: `The files of the tenant "${id}" are older than the code: ${names.join(', ')} did not run.`,
      help: `Run "artisan tenants:migrate --tenants=${id}"; or set "migrations.onOpen" in config/tenancy.ts to "migrate".`,
      status: 503,
    });
  }

  static newer(id: string, names: readonly string[]): TenantSchemaError {
    return new TenantSchemaError({
      code: 'E_TENANT_SCHEMA',
      message: `The files of the tenant "${id}" are newer than the code: it does not know ${names.join(', ')}.`,
      help: 'Deploy the code that goes with them, or roll them back with it; "migrations.onOpen" in config/tenancy.ts may be "allow-newer" while both are in use.',
      status: 503,
    });
  }
}

/** Thrown when a run of migrations over tenants is not there, or cannot be taken back from one of them. */
export class TenantMigrationRunError extends FrameworkError {
  static unknown(id: string): TenantMigrationRunError {
    return new TenantMigrationRunError({
      code: 'E_TENANT_MIGRATION_RUN',
      message: `There is no run "${id}" of migrations over tenants.`,
      help: 'See the last ones with "artisan tenants:migrate:status --runs".',
    });
  }

  static covered(tenant: string, names: readonly string[]): TenantMigrationRunError {
    return new TenantMigrationRunError({
      code: 'E_TENANT_MIGRATION_RUN',
      message: `The run cannot be taken back from the tenant "${tenant}": ${names.join(', ')} ran on top of it.`,
      help: `Take those back first, with "artisan tenants:rollback --tenants=${tenant}" or "--rollback-run" of their own run. Nothing was rolled back.`,
    });
  }
}

/** Thrown when something that belongs to one tenant, or to the application itself, is used in the work of another. */
export class WrongTenantError extends FrameworkError {
  static using(owner: string, current: string): WrongTenantError {
    return new WrongTenantError({
      code: 'E_TENANT_WRONG',
      message: `What belongs to ${owner} was used in the work of ${current}.`,
      help: 'Ask for it anew inside "tenancy.run" or "tenancy.central"; keep no injected service for longer than a request or a job.',
    });
  }
}

/** Thrown when work touches what tenants have, and nobody has decided for whom it is. */
export class TenantContextMissingError extends FrameworkError {
  static using(owner: string): TenantContextMissingError {
    return new TenantContextMissingError({
      code: 'E_TENANT_CONTEXT_MISSING',
      message: `What belongs to ${owner} was used where nobody has decided for whom the work is.`,
      help: 'Put the work inside "tenancy.run(id, work)" or "tenancy.central(work)". In callbacks of streams, emitters and timers the decision is lost: pass them through "tenancy.bind".',
    });
  }

  static rows(who: string): TenantContextMissingError {
    return new TenantContextMissingError({
      code: 'E_TENANT_CONTEXT_MISSING',
      message: `A table that holds the rows of all tenants was used in the work of ${who}.`,
      help: 'Put the work inside "tenancy.run(id, work)"; "tenancy.each" does something for each tenant.',
    });
  }

  static over(id: string): TenantContextMissingError {
    return new TenantContextMissingError({
      code: 'E_TENANT_CONTEXT_MISSING',
      message: `The work of the tenant "${id}" is over, and something of it still goes on.`,
      help: 'Await all that the work begins, or begin it anew inside "tenancy.run(id, work)".',
    });
  }

  static current(): TenantContextMissingError {
    return new TenantContextMissingError({
      code: 'E_TENANT_CONTEXT_MISSING',
      message: 'The work is not that of a tenant.',
      help: 'Put it inside "tenancy.run(id, work)", or ask with "tenancy.current()", which may be undefined.',
    });
  }
}

/** Thrown when the work of one tenant begins the work of another without having said that it means to. */
export class TenantSwitchError extends FrameworkError {
  static between(from: string, to: string): TenantSwitchError {
    return new TenantSwitchError({
      code: 'E_TENANT_SWITCH',
      message: `The work of the tenant "${from}" asked for work of the tenant "${to}".`,
      help: 'If that is meant, say so: "tenancy.run(id, work, { allowSwitch: true })".',
    });
  }
}

/** Thrown when work for a tenant returns something that goes on afterwards, outside of it. */
export class TenantEscapeError extends FrameworkError {
  static of(id: string, what: string): TenantEscapeError {
    return new TenantEscapeError({
      code: 'E_TENANT_ESCAPE',
      message: `Work of the tenant "${id}" returned ${what}, which would go on outside of it.`,
      help: 'Read it to its end inside the work, and return the result.',
    });
  }
}

/** Thrown when a file is not that of the tenant, or not for what, its place says. */
export class TenantFileWrongError extends FrameworkError {
  static at(
    { file, tenantId, role }: { readonly file: string; tenantId: string; role: string },
    found: { readonly tenantId: string; readonly role: string } | undefined,
  ): TenantFileWrongError {
    const is =
      found === undefined
        ? 'says of no tenant that it is its own'
        : `is the ${found.role} file of the tenant "${found.tenantId}"`;
    return new TenantFileWrongError({
      code: 'E_TENANT_FILE_WRONG',
      message: `"${file}" should be the ${role} file of the tenant "${tenantId}", but it ${is}.`,
      help: `Put the right file in its place: "artisan tenants:run --tenants=${tenantId} -- db:restore <backup> --force" takes it from a backup. Nothing was read from it.`,
    });
  }

  /** @param found whose the backup is, and @param owner whose it is to be: a tenant's, or undefined for the application's own */
  static backup(
    backup: string,
    found: FileOwner | undefined,
    owner: FileOwner | undefined,
  ): TenantFileWrongError {
    const list =
      owner === undefined
        ? 'artisan db:backups'
        : `artisan tenants:backups --tenants=${owner.tenantId}`;
    return new TenantFileWrongError({
      code: 'E_TENANT_FILE_WRONG',
      message: `The backup "${backup}" is of ${fileOf(found)}: it cannot take the place of ${fileOf(owner)}.`,
      help: `Choose one of those that "${list}" shows. Nothing was replaced.`,
    });
  }
}

/** Thrown when a tenant's folder is not what its state says: there already, or gone. */
export class TenantFolderError extends FrameworkError {
  static there(folder: string): TenantFolderError {
    return new TenantFolderError({
      code: 'E_TENANT_FOLDER',
      message: `Cannot create a tenant in "${folder}": something lies there.`,
      help: 'Look whose it is, and move it away. Trilite deletes nothing that it does not know.',
    });
  }

  static gone(folder: string): TenantFolderError {
    return new TenantFolderError({
      code: 'E_TENANT_FOLDER',
      message: `The folder "${folder}" of a tenant is not there.`,
      help: 'Put it back from a copy; "artisan tenants:purge" gives the tenant up.',
    });
  }
}

/** Thrown when tenants are asked for in an application that keeps none. */
export class TenancyOffError extends FrameworkError {
  static now(): TenancyOffError {
    return new TenancyOffError({
      code: 'E_TENANCY_OFF',
      message: 'This application keeps no tenants: "mode" in config/tenancy.ts is "off".',
      help: 'Set it to "files" or "single", and run "artisan migrate".',
    });
  }
}

/** Thrown when something is asked for that needs files of its own for each tenant, and all tenants share those of the application. */
export class TenantsShareFilesError extends FrameworkError {
  static cannot(what: string, help: string): TenantsShareFilesError {
    return new TenantsShareFilesError({
      code: 'E_TENANTS_SHARE_FILES',
      message: `Cannot ${what}: tenants share the files of the application ("mode" in config/tenancy.ts is "single").`,
      help,
    });
  }
}

/** Thrown when a token that names a tenant was not signed here, or has expired. */
export class TenantTokenInvalidError extends FrameworkError {
  static forged(): TenantTokenInvalidError {
    return TenantTokenInvalidError.#of('was not signed by this application');
  }

  static expired(): TenantTokenInvalidError {
    return TenantTokenInvalidError.#of('has expired');
  }

  static #of(problem: string): TenantTokenInvalidError {
    return new TenantTokenInvalidError({
      code: 'E_TENANT_TOKEN_INVALID',
      message: `The token that names a tenant ${problem}.`,
      help: 'Ask for a new one, made with "TenantTokens.sign" under the same APP_KEY.',
      status: 403,
    });
  }
}

/** Thrown when something is to be signed, and there is no key to sign with. */
export class AppKeyMissingError extends FrameworkError {
  static signing(what: string): AppKeyMissingError {
    return AppKeyMissingError.#of('sign', what);
  }

  static encrypting(what: string): AppKeyMissingError {
    return AppKeyMissingError.#of('encrypt', what);
  }

  static #of(verb: string, what: string): AppKeyMissingError {
    return new AppKeyMissingError({
      code: 'E_APP_KEY_MISSING',
      message: `Cannot ${verb} ${what}: config/app.ts has no "key".`,
      help: 'Run "artisan key:generate", and set "key: env.APP_KEY" in config/app.ts.',
    });
  }
}

/** Whose a file is, and what for. */
interface FileOwner {
  readonly tenantId: string;
  readonly role: string;
}

function fileOf(owner: FileOwner | undefined): string {
  if (owner === undefined) return "a file of the application's own";
  return `the ${owner.role} file of the tenant "${owner.tenantId}"`;
}

/** Whatever it is, short: ids come from everywhere. */
function shown(raw: unknown): string {
  const text =
    typeof raw === 'string' || raw === null ? JSON.stringify(raw) : `A value of type ${typeof raw}`;
  return text.length > 80 ? `${text.slice(0, 80)}…` : text;
}
