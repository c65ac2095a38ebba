/** What came of migrations for each of many tenants. */
export class MigrationTally {
  readonly #outcome: 'ran' | 'rolled back';
  readonly #names = new Map<string, readonly string[]>();

  constructor(outcome: 'ran' | 'rolled back') {
    this.#outcome = outcome;
  }

  add(tenant: string, names: readonly string[]): void {
    this.#names.set(tenant, names);
  }

  /** The names by tenant. */
  get names(): Readonly<Record<string, readonly string[]>> {
    return Object.fromEntries(this.#names);
  }

  /** What is said of one tenant; '' of one whose turn did not end. */
  of(tenant: string): string {
    const names = this.#names.get(tenant);
    if (names === undefined) return '';
    return names.length === 0 ? this.#nothing : migrationsOf(names.length);
  }

  /** A sentence on all of them. */
  get sum(): string {
    const count = [...this.#names.values()].flat().length;
    if (count > 0) return `${migrationsOf(count)} ${this.#outcome}.`;
    return `${this.#nothing.replace(/^n/, 'N')}.`;
  }

  get #nothing(): string {
    return this.#outcome === 'ran' ? 'nothing to migrate' : 'nothing to roll back';
  }
}

function migrationsOf(count: number): string {
  return count === 1 ? '1 migration' : `${count} migrations`;
}
