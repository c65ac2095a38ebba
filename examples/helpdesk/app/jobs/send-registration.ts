import { injectable, UrlGenerator, type Job, type JobOptions } from 'trilite';
import { Accounts } from '../accounts/accounts';
import { MailTransport } from '../mail/mail-transport';

/** Somebody who says that an address is theirs. */
export interface Registration {
  readonly email: string;
  /** When they said so. */
  readonly at: number;
}

/**
 * Mails the address by which an account is opened: whoever opens it reads the mails of this person. It is made here, so that it is over an hour
 * after it was sent, and is worth nothing once the account has a password.
 */
@injectable()
export class SendRegistration implements Job<Registration> {
  static readonly options: JobOptions = {
    queue: 'mail',
    tries: 5,
    backoff: ['10s', '1m', '10m'],
    timeout: '30s',
    unique: { by: ({ email }: Registration) => email },
  };

  constructor(
    private readonly accounts: Accounts,
    private readonly transport: MailTransport,
    private readonly urls: UrlGenerator,
  ) {}

  async handle({ email, at }: Registration): Promise<void> {
    // Told to the owner of the address alone: a page that said so would tell strangers who has an account
    const text = (await this.accounts.hasPassword(email))
      ? `You have an account. Sign in:\n\n${this.urls.absoluteUrl('sessions.create')}`
      : `Open your account within an hour:\n\n${this.urls.signedUrl('accounts.confirm', { email }, { expiresIn: '1h' })}\n\nYou did not ask for it? Then do nothing.`;
    const mail = { to: email, subject: 'Your account', text };
    await this.transport.send(mail, `registration:${email}:${at}`);
  }
}
