import {
  CacheRepository,
  ConnectionRegistry,
  driverVersions,
  injectable,
  QueueDispatcher,
  triliteVersion,
  type Request,
} from 'trilite';
import { welcomePage } from '../pages/welcome-page';

/** The first page: what is running. */
@injectable()
export class WelcomeController {
  constructor(
    private readonly connections: ConnectionRegistry,
    private readonly cache: CacheRepository,
    private readonly queue: QueueDispatcher,
  ) {}

  async show(request: Request) {
    const { job } = request.query;
    return welcomePage({
      visits: await this.cache.increment('visits'),
      connections: await this.connections.describe(),
      versions: {
        Trilite: triliteVersion(),
        Node: process.versions.node,
        SQLite: driverVersions().sqlite,
      },
      token: await request.session.token(),
      job: typeof job === 'string' ? await this.queue.find(job) : undefined,
    });
  }
}
