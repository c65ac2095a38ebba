import { Database, defineSignature, injectable, type Command, type CommandContext } from 'trilite';

const signature = defineSignature({
  name: 'report:list',
  description: 'List the reports that were built, latest first',
  options: {
    limit: { type: 'integer', value: 'n', description: 'Reports at most', default: 10, min: 1 },
  },
});

@injectable()
export class ReportListCommand implements Command<typeof signature> {
  static readonly signature = signature;

  constructor(private readonly db: Database) {}

  async handle({ options, output }: CommandContext<typeof signature>): Promise<void> {
    const reports = await this.db
      .selectFrom('reports')
      .selectAll()
      .orderBy('built_at', 'desc')
      .limit(options.limit)
      .execute();
    output.heading('Report', 'Visits');
    for (const report of reports) output.twoColumn(report.id, String(report.visits));
    output.line();
  }
}
