import { Database, injectable, view } from 'trilite';

/** What routes/console.ts has counted each night. */
@injectable()
export class ReportController {
  constructor(private readonly db: Database) {}

  async index() {
    const reports = this.db.selectFrom('reports').selectAll().orderBy('day', 'desc').limit(31);
    return view('reports/index', { reports: await reports.execute() });
  }
}
