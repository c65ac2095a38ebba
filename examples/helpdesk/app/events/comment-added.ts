export class CommentAdded {
  constructor(
    readonly ticketId: number,
    readonly commentId: number,
    readonly authorId: number,
  ) {}
}
