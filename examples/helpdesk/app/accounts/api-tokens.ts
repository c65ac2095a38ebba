import { createHash, randomBytes } from 'node:crypto';
import { clock, Database, injectable } from 'trilite';

/** The token by which programs of an organisation are known. There is one at a time. */
@injectable()
export class ApiTokens {
  constructor(private readonly db: Database) {}

  /** Makes a token in the place of the one before. It is shown once: what is kept is its hash. */
  async renew(): Promise<string> {
    const token = `hd_${randomBytes(32).toString('base64url')}`;
    await this.db.transaction(async (trx) => {
      await trx.deleteFrom('api_tokens').execute();
      const row = { hash: hashOf(token), created_at: clock.now() };
      await trx.insertInto('api_tokens').values(row).execute();
    });
    return token;
  }

  /** When the token was made; undefined without one. */
  async renewedAt(): Promise<number | undefined> {
    const row = await this.db.selectFrom('api_tokens').select('created_at').executeTakeFirst();
    return row?.created_at;
  }

  /** Tokens are random, so the hash needs no salt, and the time of looking it up tells nothing of them. */
  async isValid(token: string): Promise<boolean> {
    const tokens = this.db.selectFrom('api_tokens').select('id').where('hash', '=', hashOf(token));
    return (await tokens.executeTakeFirst()) !== undefined;
  }
}

function hashOf(token: string): string {
  return createHash('sha256').update(token).digest('hex');
}
