import { CENTRAL, runInScope } from '../support/scope-holder';

/** Runs work as that of the application itself: where nobody has booted one yet, for `Tenancy.central` asks for its scope. */
export function runCentral<T>(work: () => T): T {
  return runInScope(CENTRAL, work);
}
