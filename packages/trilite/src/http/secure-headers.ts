import type { HelmetOptions } from 'helmet';
import type { Handler } from 'express';

/**
 * Headers that have browsers protect a page, as helmet names them: each is on, `false` leaves it out.
 *
 * @see https://helmet.js.org
 */
export type SecureHeadersOptions = Readonly<HelmetOptions>;

/** Names by which the same directive can be given. */
const UPGRADE = ['upgradeInsecureRequests', 'upgrade-insecure-requests'] as const;

/**
 * What sets these headers. Those that send browsers to HTTPS are left out where the application is not reached there: they would find nobody.
 *
 * @param isHttps whether `url` of config/app.ts is
 */
export function secureHeaders(options: SecureHeadersOptions, isHttps: boolean): Handler {
  // Lazily: an application without pages has no use for it
  const helmet = require('helmet') as typeof import('helmet');
  // Pages of this site are told where a form was filled in: those that are not valid go back there
  const all = { referrerPolicy: { policy: 'same-origin' }, ...options } as const;
  return helmet.default(isHttps ? all : withoutHttps(all));
}

function withoutHttps(options: SecureHeadersOptions): HelmetOptions {
  const { contentSecurityPolicy: policy = true } = options;
  // Under one of its two names: helmet takes no more
  const isSaid = options.strictTransportSecurity !== undefined || options.hsts !== undefined;
  return {
    ...options,
    ...(!isSaid && { strictTransportSecurity: false }),
    contentSecurityPolicy: policy === false ? policy : withoutUpgrade(policy),
  } as HelmetOptions;
}

type Policy = Exclude<HelmetOptions['contentSecurityPolicy'], boolean | undefined>;

function withoutUpgrade(policy: Policy | true): Policy {
  const { directives = {}, ...others } = policy === true ? {} : policy;
  const isSaid = UPGRADE.some((name) => Object.hasOwn(directives, name));
  return {
    ...others,
    directives: { ...directives, ...(!isSaid && { upgradeInsecureRequests: null }) },
  };
}
