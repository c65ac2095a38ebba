import { defineHttpKernel, startSession, verifyCsrf } from 'trilite';
import { Authenticate } from './middleware/authenticate';
import { TokenRequired } from './middleware/token-required';

export default defineHttpKernel({
  secureHeaders: true,
  middleware: [],
  groups: {
    // Pages, the central ones and those of organisations.
    web: [startSession, verifyCsrf(), Authenticate],
    api: [TokenRequired, 'throttle:api'],
    // routes/tenant.ts holds both, and says which of its routes are what.
    tenant: [],
  },
});
