import { env } from './env';

/** Settings of the application's own: app/providers/app-provider.ts reads them. */
const mail: { readonly transport: 'log' | 'memory'; readonly from: string } = {
  transport: env.APP_ENV === 'testing' ? 'memory' : 'log',
  from: `helpdesk@${env.APP_DOMAIN}`,
};

export default mail;
