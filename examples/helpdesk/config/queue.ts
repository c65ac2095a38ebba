import { defineQueue } from 'trilite';

export default defineQueue({
  default: 'sqlite',
  connections: {
    sqlite: { driver: 'sqlite', connection: 'queue', lease: '90s' },
    sync: { driver: 'sync' },
  },
});
