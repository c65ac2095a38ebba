import { defineCache } from 'trilite';

export default defineCache({
  default: 'sqlite',
  stores: {
    sqlite: { driver: 'sqlite', connection: 'cache' },
    memory: { driver: 'memory', maxBytes: '64mb' },
  },
});
