import { isSameSignature, signatureOf } from '../support/app-key';
import { clock } from '../support/clock';
import { toMilliseconds, type Duration } from '../support/duration';
import { AppKeyMissingError, TenantTokenInvalidError } from './errors';
import { isTenantId, parseTenantId, type TenantId } from './tenant-id';

/** Where APP_KEY signs something else, the signature is another. */
const PURPOSE = 'trilite/tenant-token';

/**
 * Signs tokens that name a tenant for a while: whoever shows one is let in to that tenant and to no other. It says nothing of who somebody is.
 *
 * @example
 * import { TenantTokens, injectable } from 'trilite';
 *
 * \@injectable()
 * export class InvitationController {
 *   constructor(private readonly tokens: TenantTokens) {}
 *
 *   store() {
 *     return { token: this.tokens.sign('acme', '15m') };
 *   }
 * }
 */
export class TenantTokens {
  readonly #key: string | undefined;

  /** @param key APP_KEY */
  constructor(key: string | undefined) {
    this.#key = key;
  }

  /**
   * A token for a tenant: its id, when it ends, and a signature of both. Letters, digits, `-`, `_` and `.` alone.
   *
   * @param ttl how long it is good
   * @throws E_TENANT_ID_INVALID, E_APP_KEY_MISSING
   */
  sign(tenantId: string, ttl: Duration): string {
    const expiresAt = clock.now() + toMilliseconds(ttl);
    const facts = `${parseTenantId(tenantId)}.${Math.floor(expiresAt)}`;
    return `${facts}.${this.#signature(facts)}`;
  }

  /**
   * The id of the tenant that a token names. Whether there is one still, it does not know.
   *
   * @throws E_TENANT_TOKEN_INVALID (403), E_APP_KEY_MISSING
   */
  verify(token: string): TenantId {
    const [, facts = '', id, expiresAt, signature = ''] =
      /^(([a-z0-9-]+)\.(\d{1,16}))\.([\w-]+)$/.exec(token) ?? [];
    // First whether it is ours: of what is not, nothing is believed, not even that it has expired
    if (!isSameSignature(signature, this.#signature(facts)) || !isTenantId(id)) {
      throw TenantTokenInvalidError.forged();
    }
    if (Number(expiresAt) <= clock.now()) throw TenantTokenInvalidError.expired();
    return id;
  }

  #signature(facts: string): string {
    if (this.#key === undefined) throw AppKeyMissingError.signing('a token of a tenant');
    return signatureOf(facts, { key: this.#key, purpose: PURPOSE });
  }
}
