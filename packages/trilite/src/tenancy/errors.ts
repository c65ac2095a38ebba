import { FrameworkError } from '../support/errors';

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
