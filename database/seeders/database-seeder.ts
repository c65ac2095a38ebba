import { Database, injectable, type Seeder } from 'trilite';
import { reportFactory } from '../factories/report-factory';

/** What "artisan db:seed" runs. */
@injectable()
export class DatabaseSeeder implements Seeder {
  constructor(private readonly db: Database) {}

  async run(): Promise<void> {
    await reportFactory.count(20).create(this.db);
    await reportFactory.state('unvisited').create(this.db);
  }
}
