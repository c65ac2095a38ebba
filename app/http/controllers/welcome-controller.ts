import { relative } from 'node:path';
import {
  basePath,
  CacheRepository,
  ConnectionRegistry,
  driverVersions,
  injectable,
  QueueDispatcher,
  triliteVersion,
  view,
  type Request,
} from 'trilite';

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
    const connections = await this.connections.describe();
    return view('welcome', {
      visits: await this.cache.increment('visits'),
      connections: connections.map((one) => ({ ...one, file: relative(basePath(), one.file) })),
      versions: {
        Trilite: triliteVersion(),
        Node: process.versions.node,
        SQLite: driverVersions().sqlite,
      },
      // That whose id is in the address
      job: typeof job === 'string' ? await this.queue.find(job) : undefined,
    });
  }
}
