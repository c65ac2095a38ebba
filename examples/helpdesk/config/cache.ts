import { defineCache } from 'trilite';

export default defineCache({
  default: 'sqlite',
  stores: {
    sqlite: { driver: 'sqlite', connection: 'cache', maxBytes: '256mb' },
    memory: { driver: 'memory', maxBytes: '64mb' },
  },
});
