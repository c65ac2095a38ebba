import { defineApp } from 'trilite';
import { AppProvider } from '../app/providers/app-provider';
import { env } from './env';

export default defineApp({
  name: env.APP_NAME,
  env: env.APP_ENV,
  key: env.APP_KEY,
  previousKeys: env.APP_PREVIOUS_KEYS,
  debug: env.APP_DEBUG ?? env.APP_ENV === 'development',
  url: env.APP_URL ?? `http://${env.APP_DOMAIN}:${env.PORT}`,
  providers: [AppProvider],
  http: { host: env.HOST, port: env.PORT },
});
