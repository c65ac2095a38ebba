import type { AppKeys } from '../support/app-key';
import { clock } from '../support/clock';
import { toMilliseconds, type Duration } from '../support/duration';
import { TenantTokenInvalidError } from './errors';
import { Signer } from './signer';
import { isTenantId, parseTenantId, type TenantId } from './tenant-id';

const SIGNED = { purpose: 'trilite/tenant-token', what: 'a token of a tenant' };

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
  readonly #signer: Signer;

  /** @param keys what APP_KEY and APP_PREVIOUS_KEYS say */
  constructor(keys: AppKeys) {
    this.#signer = new Signer(keys, SIGNED);
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
    return `${facts}.${this.#signer.sign(facts)}`;
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
    if (!this.#signer.isSigned(facts, signature) || !isTenantId(id)) {
      throw TenantTokenInvalidError.forged();
    }
    if (Number(expiresAt) <= clock.now()) throw TenantTokenInvalidError.expired();
    return id;
  }
}
