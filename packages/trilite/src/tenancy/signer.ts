import { allOf, isSameSignature, signatureOf, type AppKeys } from '../support/app-key';
import { AppKeyMissingError } from './errors';

/** What somebody signs. */
export interface SignerOptions {
  /** Where APP_KEY signs something else, the signature is another. */
  readonly purpose: string;
  /** What it is called when there is no key, as in "an address". */
  readonly what: string;
}

/** Signs texts for one purpose with APP_KEY, and knows what it or a previous key has signed. */
export class Signer {
  readonly #keys: AppKeys;
  readonly #options: SignerOptions;

  constructor(keys: AppKeys, options: SignerOptions) {
    this.#keys = keys;
    this.#options = options;
  }

  /** @throws E_APP_KEY_MISSING */
  sign(text: string): string {
    return this.#sign(text, this.#key);
  }

  /** @throws E_APP_KEY_MISSING, even where a previous key could tell */
  isSigned(text: string, signature: string): boolean {
    const keys = allOf({ ...this.#keys, key: this.#key });
    return keys.some((key) => isSameSignature(signature, this.#sign(text, key)));
  }

  #sign(text: string, key: string): string {
    return signatureOf(text, { key, purpose: this.#options.purpose });
  }

  get #key(): string {
    const { key } = this.#keys;
    if (key === undefined) throw AppKeyMissingError.signing(this.#options.what);
    return key;
  }
}
