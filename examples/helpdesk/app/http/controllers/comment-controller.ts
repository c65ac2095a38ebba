import { injectable, redirectToRoute, validated, type Request } from 'trilite';
import { z } from 'zod';
import { Tickets } from '../../tickets/tickets';
import { storeAll, theFiles } from '../the-files';
import { visibleTicket } from '../the-ticket';
import { userOf } from '../user-of';

const newComment = validated(
  z.object({ body: z.string().trim().min(1, 'What do you say?').max(20_000) }),
);

@injectable()
export class CommentController {
  constructor(private readonly tickets: Tickets) {}

  @newComment
  @theFiles
  async store(request: Request) {
    const { id } = visibleTicket(request);
    const files = await storeAll(request.file(theFiles));
    const comment = { ...request.valid(newComment), author: userOf(request) };
    await this.tickets.comment(id, comment, files);
    return redirectToRoute('tickets.show', { ticket: id }).with('status', 'Sent.');
  }
}
