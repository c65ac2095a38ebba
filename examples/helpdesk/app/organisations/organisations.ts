import { clock, Database, FrameworkError, injectable, Tenancy, type Tenant } from 'trilite';
import { Accounts, type NewAccount } from '../accounts/accounts';
import type { User } from '../accounts/user';

/** Somebody who wants a help desk. */
export interface NewOrganisation {
  readonly id: string;
  readonly name: string;
  readonly about: string;
  readonly agent: NewAccount;
}

/** What it begins with. */
export interface Founded {
  readonly tenant: Tenant;
  readonly agent: User;
}

/** The organisations that have a help desk here. Works for the application itself, beside their files. */
@injectable()
export class Organisations {
  constructor(
    private readonly tenancy: Tenancy,
    private readonly db: Database,
  ) {}

  /**
   * Makes a tenant with its first agent.
   *
   * @returns undefined when the id was ever given
   */
  async found({ id, name, about, agent }: NewOrganisation): Promise<Founded | undefined> {
    const tenant = await this.create(id, name);
    if (tenant === undefined) return undefined;
    try {
      const user = await this.tenancy.run(tenant, (_tenant, scope) =>
        scope.make(Accounts).open(agent, 'agent'),
      );
      if (user === undefined) throw new Error('A new organisation has people.');
      // Last: what is listed has somebody who answers.
      const organisation = { id, name, about, created_at: clock.now() };
      await this.db.insertInto('organisations').values(organisation).execute();
      return { tenant, agent: user };
    } catch (error) {
      // No transaction spans two files. The id stays taken, as every id that was given: the next try takes another.
      await this.tenancy.delete(id);
      await this.tenancy.purge(id);
      throw error;
    }
  }

  private async create(id: string, name: string): Promise<Tenant | undefined> {
    try {
      return await this.tenancy.create({ id, name });
    } catch (error) {
      if (error instanceof FrameworkError && error.code === 'E_TENANT_TAKEN') return undefined;
      throw error;
    }
  }
}
