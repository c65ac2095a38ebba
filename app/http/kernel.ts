import { defineHttpKernel, startSession, verifyCsrf } from 'trilite';

// What every request passes, and what the routes of routes/web.ts and routes/api.ts pass beside it.
export default defineHttpKernel({
  secureHeaders: true,
  middleware: [],
  groups: {
    web: [startSession, verifyCsrf()],
    api: [],
  },
});
