import type { TicketChanges } from '../tickets/ticket';

export class TicketChanged {
  constructor(
    readonly ticketId: number,
    readonly changes: TicketChanges,
    readonly byId: number,
  ) {}
}
