import { defineRoutes, type Router } from 'trilite';
import { AccountController } from '../app/http/controllers/account-controller';
import { ApiTicketController } from '../app/http/controllers/api/ticket-controller';
import { AttachmentController, theAttachment } from '../app/http/controllers/attachment-controller';
import { CommentController } from '../app/http/controllers/comment-controller';
import { DashboardController } from '../app/http/controllers/dashboard-controller';
import { ImportController, theImport } from '../app/http/controllers/import-controller';
import { LiveController } from '../app/http/controllers/live-controller';
import { PersonController, thePerson } from '../app/http/controllers/person-controller';
import { ReportController } from '../app/http/controllers/report-controller';
import { SessionController } from '../app/http/controllers/session-controller';
import { TicketController } from '../app/http/controllers/ticket-controller';
import { TokenController } from '../app/http/controllers/token-controller';
import { AgentsOnly } from '../app/http/middleware/agents-only';
import { SignedIn } from '../app/http/middleware/signed-in';
import { theTicket } from '../app/http/the-ticket';

// What answers at acme.localhost. Everything a controller is injected there is Acme's.
export default defineRoutes((route) => {
  route.group({ middleware: ['web'] }, (pages) => {
    forStrangers(pages);
    pages.group({ middleware: [SignedIn] }, forUsers);
    pages.group({ middleware: [SignedIn, AgentsOnly] }, forAgents);
  });
  route.group({ prefix: '/api', name: 'api.', middleware: ['api'] }, forPrograms);
});

function forStrangers(route: Router): void {
  route.get('/login', [SessionController, 'create']).name('sessions.create');
  route
    .post('/login', [SessionController, 'store'])
    .name('sessions.store')
    .middleware('throttle:sign-in');
  route
    .get('/enter/:user', [SessionController, 'enter'])
    .name('sessions.enter')
    .middleware('signed');
  route.get('/register', [AccountController, 'create']).name('accounts.create');
  route
    .post('/register', [AccountController, 'store'])
    .name('accounts.store')
    .middleware('throttle:sign-up');
  route
    .get('/register/:email', [AccountController, 'confirm'])
    .name('accounts.confirm')
    .middleware('signed');
  route
    .post('/register/:email', [AccountController, 'open'])
    .name('accounts.open')
    .middleware('signed');
}

function forUsers(route: Router): void {
  route.get('/', [DashboardController, 'show']).name('dashboard');
  route.post('/logout', [SessionController, 'destroy']).name('sessions.destroy');
  route.get('/tickets', [TicketController, 'index']).name('tickets.index');
  route.get('/tickets/create', [TicketController, 'create']).name('tickets.create');
  route.post('/tickets', [TicketController, 'store']).name('tickets.store');
  route.get('/tickets/:ticket', [TicketController, 'show']).name('tickets.show').bind(theTicket);
  route
    .post('/tickets/:ticket/comments', [CommentController, 'store'])
    .name('comments.store')
    .bind(theTicket);
  route
    .get('/tickets/:ticket/files/:attachment', [AttachmentController, 'show'])
    .name('attachments.show')
    .bind(theTicket, theAttachment);
}

function forAgents(route: Router): void {
  route
    .patch('/tickets/:ticket', [TicketController, 'update'])
    .name('tickets.update')
    .bind(theTicket);
  route.get('/live', [LiveController, 'show']).name('live');
  route.get('/imports', [ImportController, 'index']).name('imports.index');
  route.post('/imports', [ImportController, 'store']).name('imports.store');
  route.get('/imports/:import', [ImportController, 'show']).name('imports.show').bind(theImport);
  route.get('/reports', [ReportController, 'index']).name('reports.index');
  route.get('/people', [PersonController, 'index']).name('people.index');
  route
    .patch('/people/:person', [PersonController, 'update'])
    .name('people.update')
    .bind(thePerson);
  route.get('/token', [TokenController, 'show']).name('token.show');
  route.post('/token', [TokenController, 'store']).name('token.store');
}

function forPrograms(route: Router): void {
  route.get('/tickets', [ApiTicketController, 'index']).name('tickets.index');
  route.post('/tickets', [ApiTicketController, 'store']).name('tickets.store');
  route.get('/tickets/:ticket', [ApiTicketController, 'show']).name('tickets.show').bind(theTicket);
}
