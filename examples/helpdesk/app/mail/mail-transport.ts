/** A mail to one person. */
export interface Mail {
  readonly to: string;
  readonly subject: string;
  readonly text: string;
}

/** What takes mails where they go. Its instances are bound in app/providers/app-provider.ts, by config/mail.ts. */
export abstract class MailTransport {
  /** @param key the same for the same mail: a transport that can tells a repeated one by it */
  abstract send(mail: Mail, key: string): Promise<void>;
}

/** Prints mails, where a real one would talk to a server. */
export class LogTransport extends MailTransport {
  constructor(private readonly from: string) {
    super();
  }

  async send({ to, subject, text }: Mail): Promise<void> {
    const body = text.replaceAll('\n', '\n    ');
    console.info(`  Mail from ${this.from} to ${to}: ${subject}\n    ${body}`);
  }
}

/** Keeps mails, for tests to look into. */
export class MemoryTransport extends MailTransport {
  readonly sent: Mail[] = [];

  async send(mail: Mail): Promise<void> {
    this.sent.push(mail);
  }
}
