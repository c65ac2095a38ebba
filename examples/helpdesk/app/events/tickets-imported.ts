/** Some rows of an import have become tickets. */
export class TicketsImported {
  constructor(readonly importId: number) {}
}
