import { clock, Database, injectable, UrlGenerator, type Job, type JobOptions } from 'trilite';
import { MailTransport } from '../mail/mail-transport';

/** What a mail is about, and whom it is for. */
export interface Notification {
  readonly about: 'opened' | 'commented';
  readonly ticketId: number;
  /** 0 where it is about no comment. */
  readonly commentId: number;
  readonly userId: number;
}

/** One mail is one job at a time, whoever dispatches it. */
const keyOf = ({ about, ticketId, commentId, userId }: Notification) =>
  `${about}:${ticketId}:${commentId}:${userId}`;

/** Sends one person one mail about a ticket. */
@injectable()
export class SendNotification implements Job<Notification> {
  static readonly options: JobOptions = {
    queue: 'mail',
    tries: 5,
    backoff: ['10s', '1m', '10m'],
    timeout: '30s',
    unique: { by: keyOf },
  };
  static readonly tags = ({ ticketId }: Notification) => [`ticket:${ticketId}`];

  constructor(
    private readonly db: Database,
    private readonly transport: MailTransport,
    private readonly urls: UrlGenerator,
  ) {}

  async handle(notification: Notification): Promise<void> {
    const key = keyOf(notification);
    if (await this.wasSent(key)) return;
    await this.transport.send(await this.write(notification), key);
    // Noted after it was sent: a crash right here sends it once more, which is better than never.
    const sent = this.db.insertInto('notifications').values({ key, sent_at: clock.now() });
    await sent.onConflict((conflict) => conflict.doNothing()).execute();
  }

  private async wasSent(key: string): Promise<boolean> {
    const sent = this.db.selectFrom('notifications').select('id').where('key', '=', key);
    return (await sent.executeTakeFirst()) !== undefined;
  }

  private async write({ about, ticketId, commentId, userId }: Notification) {
    const { email, subject, body } = await this.db
      .selectFrom(['tickets', 'users'])
      .leftJoin('comments', (join) => join.on('comments.id', '=', commentId))
      .select(['users.email', 'tickets.subject'])
      .select((e) => e.fn.coalesce('comments.body', 'tickets.body').as('body'))
      .where('tickets.id', '=', ticketId)
      .where('users.id', '=', userId)
      .executeTakeFirstOrThrow();
    const title =
      about === 'opened' ? `New: #${ticketId} ${subject}` : `Re: #${ticketId} ${subject}`;
    const address = this.urls.absoluteUrl('tickets.show', { ticket: ticketId });
    return { to: email, subject: title, text: `${body}\n\n${address}` };
  }
}
