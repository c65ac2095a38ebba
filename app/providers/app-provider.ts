import { Provider, type Bindings } from 'trilite';

/** Binds the application's own services: `shared` once for the application, `perTenant` once for each tenant. */
export class AppProvider extends Provider {
  override register(_bindings: Bindings): void {
    // _bindings.shared(Mailer, () => new SmtpMailer(this.config('mail')));
  }
}
