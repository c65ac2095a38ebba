import { eventStream, injectable, validated, type Request } from 'trilite';
import { z } from 'zod';
import { LiveFeed } from '../../live/live-feed';
import { userOf } from '../user-of';

const since = validated({ query: z.object({ after: z.coerce.number().int().default(0) }) });

/** Tells pages what happens, as it does. */
@injectable()
export class LiveController {
  constructor(private readonly feed: LiveFeed) {}

  @since
  show(request: Request) {
    const { after } = request.valid(since).query;
    const { id } = userOf(request);
    // A browser that connects anew says what it was told last
    return eventStream(({ signal, lastEventId }) =>
      this.feed.events(id, Number(lastEventId ?? after), signal),
    );
  }
}
