import { bindRow, download, injectable, NotFoundError, type Request } from 'trilite';
import { visibleTicket } from '../the-ticket';

export const theAttachment = bindRow('attachment', 'attachments');

@injectable()
export class AttachmentController {
  /** As a download, whatever it is: a page that somebody uploaded must not run as one of ours. */
  show(request: Request) {
    const attachment = request.bound(theAttachment);
    if (attachment.ticket_id !== visibleTicket(request).id) {
      throw NotFoundError.because('The ticket has no such file.');
    }
    return download(attachment.stored, { name: attachment.name });
  }
}
