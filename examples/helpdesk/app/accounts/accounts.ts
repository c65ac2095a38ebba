import { clock, Database, injectable } from 'trilite';
import { hashPassword, isPassword } from './password';
import type { Role, User } from './user';

/** Somebody who wants an account. */
export interface NewAccount {
  readonly name: string;
  readonly email: string;
  readonly password: string;
}

const COLUMNS = ['id', 'name', 'email', 'role'] as const;

/** The people of an organisation. */
@injectable()
export class Accounts {
  constructor(private readonly db: Database) {}

  /**
   * Opens the account of an address that was shown to be theirs: adds it, or gives a password to who came with an import or by the API.
   *
   * @returns undefined where the address has a password
   */
  async open({ name, email, password }: NewAccount, role: Role): Promise<User | undefined> {
    const password_hash = await hashPassword(password);
    const user = await this.db
      .insertInto('users')
      .values({ name, email, role, password_hash, created_at: clock.now() })
      .onConflict((conflict) =>
        conflict
          .column('email')
          .doUpdateSet({ name, password_hash })
          .where('users.password_hash', 'is', null),
      )
      .returning(COLUMNS)
      .executeTakeFirst();
    return user && toUser(user);
  }

  /** Who has this address and this password. */
  async check(email: string, password: string): Promise<User | undefined> {
    const user = await this.db
      .selectFrom('users')
      .select([...COLUMNS, 'password_hash'])
      .where('email', '=', email)
      .executeTakeFirst();
    const isRight = await isPassword(password, user?.password_hash ?? null);
    return isRight && user !== undefined ? toUser(user) : undefined;
  }

  async hasPassword(email: string): Promise<boolean> {
    const users = this.db.selectFrom('users').select('id').where('email', '=', email);
    return (await users.where('password_hash', 'is not', null).executeTakeFirst()) !== undefined;
  }

  async find(id: number): Promise<User | undefined> {
    const users = this.db.selectFrom('users').select(COLUMNS).where('id', '=', id);
    const user = await users.executeTakeFirst();
    return user && toUser(user);
  }

  /** The customer of an address, who is added, without a password, when nobody has it. Joins the transaction it is called in. */
  findOrAdd(email: string, name: string): Promise<number> {
    return this.db.transaction(async (trx) => {
      await trx
        .insertInto('users')
        .values({ name, email, role: 'customer', created_at: clock.now() })
        .onConflict((conflict) => conflict.column('email').doNothing())
        .execute();
      const users = trx.selectFrom('users').select('id').where('email', '=', email);
      return (await users.executeTakeFirstOrThrow()).id;
    });
  }

  /**
   * Gives somebody a role. One statement: of two agents who make customers of each other at once, one stays.
   *
   * @returns false where no agent would be left
   */
  async give(id: number, role: Role): Promise<boolean> {
    const users = this.db.updateTable('users').set({ role }).where('id', '=', id);
    const others = this.db.selectFrom('users').select('id').where('role', '=', 'agent');
    const { numUpdatedRows } = await users
      .$if(role !== 'agent', (query) => query.where((e) => e.exists(others.where('id', '!=', id))))
      .executeTakeFirst();
    return numUpdatedRows > 0n;
  }

  async agents(): Promise<User[]> {
    const users = this.db.selectFrom('users').select(COLUMNS).where('role', '=', 'agent');
    return (await users.orderBy('name').execute()).map(toUser);
  }
}

/** The column is text: what writes it knows two words. */
function toUser(row: Omit<User, 'role'> & { readonly role: string }): User {
  const { id, name, email, role } = row;
  return { id, name, email, role: role as Role };
}
