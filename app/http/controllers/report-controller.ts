import {
  injectable,
  NotFoundError,
  QueueDispatcher,
  UrlGenerator,
  type Request,
  type Response,
} from 'trilite';
import { BuildReport } from '../../jobs/build-report';

/** Has reports built by the worker, and says how far it is. */
@injectable()
export class ReportController {
  constructor(
    private readonly queue: QueueDispatcher,
    private readonly urls: UrlGenerator,
  ) {}

  async store(request: Request, response: Response) {
    const { id } = await this.queue.dispatch(BuildReport);
    // A form without JavaScript goes back to the page, which then shows the job.
    if (request.accepts(['json', 'html']) === 'html') {
      return response.redirect(303, this.urls.url('welcome', { job: id }));
    }
    response.status(202).json({ id, state: 'waiting' });
  }

  async show(request: Request) {
    const job = await this.queue.find(request.param('id'));
    if (job === undefined) {
      throw NotFoundError.because('There is no such job, or it was done long ago.');
    }
    return { id: job.id, state: job.state, progress: job.progress ?? 0, error: job.lastError };
  }
}
