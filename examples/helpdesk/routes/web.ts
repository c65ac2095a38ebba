import { defineRoutes } from 'trilite';
import { OrganisationController } from '../app/http/controllers/organisation-controller';

// The central pages, at localhost: they belong to no organisation.
export default defineRoutes((route) => {
  route.get('/', [OrganisationController, 'index']).name('organisations.index');
  route
    .get('/organisations/create', [OrganisationController, 'create'])
    .name('organisations.create');
  route
    .post('/organisations', [OrganisationController, 'store'])
    .name('organisations.store')
    .middleware('throttle:sign-up');
  route
    .get('/organisations/:id/ready', [OrganisationController, 'ready'])
    .name('organisations.ready');
});
