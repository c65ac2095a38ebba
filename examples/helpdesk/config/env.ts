import { defineEnv } from 'trilite';

export const env = defineEnv((z) => ({
  /** Organisations are at its subdomains: acme.localhost. */
  APP_DOMAIN: z.string().default('localhost'),
}));
