import { defineRoutes, triliteVersion } from 'trilite';

// Everything here answers below /api.
export default defineRoutes((route) => {
  route.get('/version', () => ({ trilite: triliteVersion() })).name('api.version');
});
