import { defineTenancy } from 'trilite';
import { env } from './env';

// An organisation is a tenant with three files of its own, and is told by its subdomain.
export default defineTenancy({
  mode: 'files',
  identification: { chain: ['subdomain'], baseDomain: env.APP_DOMAIN },
  quotas: { database: '256mb', cache: '16mb', queue: '64mb', jobsPending: 10_000 },
});
