export class TicketOpened {
  constructor(
    readonly ticketId: number,
    readonly requesterId: number,
  ) {}
}
