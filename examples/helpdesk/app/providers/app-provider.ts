import { Limit, Provider, RateLimiter, type Bindings, type Request, type Resolver } from 'trilite';
import type mail from '../../config/mail';
import { LogTransport, MailTransport, MemoryTransport } from '../mail/mail-transport';

/** Binds what config/ chooses, and names the limits of routes/. */
export class AppProvider extends Provider {
  override register({ shared }: Bindings): void {
    const { transport, from } = this.config<typeof mail>('mail');
    shared(MailTransport, () =>
      transport === 'log' ? new LogTransport(from) : new MemoryTransport(),
    );
  }

  override boot(resolver: Resolver): void {
    const limiter = resolver.make(RateLimiter);
    // Each organisation counts in its own queue file: what one uses up is missing to nobody else.
    limiter.for('api', () => Limit.perMinute(60));
    // By both: who guesses from elsewhere keeps nobody from signing in
    limiter.for('sign-in', ({ ip = '', body }: Request) => {
      const { email } = (body ?? {}) as { email?: unknown };
      const address = typeof email === 'string' ? email.trim().toLowerCase() : '';
      return [Limit.perMinute(20).by(ip), Limit.perMinute(5).by(`${ip} ${address}`)];
    });
    limiter.for('sign-up', ({ ip }: Request) => Limit.perHour(20).by(ip ?? ''));
  }
}
