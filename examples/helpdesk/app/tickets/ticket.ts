import { z } from 'zod';

export const STATUSES = ['open', 'pending', 'closed'] as const;
export const PRIORITIES = ['low', 'normal', 'high', 'urgent'] as const;

export type Status = (typeof STATUSES)[number];
export type Priority = (typeof PRIORITIES)[number];

/** What a ticket is about, however it comes: one line, for it is that of a mail too. */
export const subject = z
  .string()
  .trim()
  .min(1, 'There is no subject.')
  .max(200)
  .regex(/^[^\p{Cc}\p{Zl}\p{Zp}]*$/u, 'The subject is one line of text.');

/** Whose tickets are meant. It is always said: a filter that lacked it would show those of everybody. */
export type Visible = 'all' | { readonly requesterId: number };

/** What people say when they open a ticket. */
export interface NewTicket {
  readonly subject: string;
  readonly body: string;
  readonly priority: Priority;
}

/** What agents change of a ticket; what is undefined stays. */
export interface TicketChanges {
  readonly status?: Status | undefined;
  readonly priority?: Priority | undefined;
  /** Null for nobody. */
  readonly assigneeId?: number | null | undefined;
}

/** A file that came with a ticket or a comment, stored among those of the tenant. */
export interface Attachment {
  readonly name: string;
  readonly stored: string;
  readonly bytes: number;
}
