import { defineLogging } from 'trilite';
import { env } from './env';

export default defineLogging({
  level: env.LOG_LEVEL,
  format: env.APP_ENV === 'development' ? 'pretty' : 'json',
});
