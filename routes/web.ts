import { defineRoutes } from 'trilite';
import { ReportController } from '../app/http/controllers/report-controller';
import { WelcomeController } from '../app/http/controllers/welcome-controller';

export default defineRoutes((route) => {
  route.get('/', [WelcomeController, 'show']).name('welcome');
  route.post('/reports', [ReportController, 'store']).name('reports.store');
  route.get('/reports/:id', [ReportController, 'show']).name('reports.show');
});
