import { optimize, type OptimizeReport } from '../../database/care/optimize';
import { humanBytes } from '../../support/bytes';
import type { Command, CommandContext } from '../command';
import { eachConnection, exitCodeOf, outcomesAsJson, printOutcomes } from '../each-connection';
import type { Output } from '../output';
import { defineSignature } from '../signature';

const signature = defineSignature({
  name: 'db:optimize',
  description: 'Refresh statistics, give free pages back to the disk, empty the -wal',
  options: {
    connection: {
      type: 'string',
      value: 'name',
      description: 'The connection; by default all of them',
    },
    vacuum: {
      description:
        'Rewrite the whole file: nobody else writes meanwhile, and it takes room twice over',
    },
    json: { description: 'Print JSON and nothing else' },
  },
});

export class DbOptimizeCommand implements Command<typeof signature> {
  static readonly signature = signature;

  async handle({ app, options, output }: CommandContext<typeof signature>): Promise<number> {
    const outcomes = await eachConnection(await app(), options.connection, (connection) =>
      optimize(connection, { vacuum: options.vacuum }),
    );
    if (options.json) output.json({ connections: outcomesAsJson(outcomes) });
    else printOutcomes(outcomes, output, (report) => print(report, output));
    return exitCodeOf(outcomes);
  }
}

function print(report: OptimizeReport, output: Output): void {
  const { bytesBefore, bytesAfter, analyzed, freedPages, freePages, isRewritten } = report;
  output.twoColumn('Size', `${humanBytes(bytesBefore)} → ${humanBytes(bytesAfter)}`);
  output.twoColumn(
    'Statistics',
    analyzed.length === 0 ? 'fresh' : `made for ${analyzed.join(', ')}`,
  );
  output.twoColumn(
    isRewritten ? 'Rewritten, free pages' : 'Free pages',
    `${freedPages} given back`,
  );
  if (freePages > 0) output.twoColumn('Free pages left', `${freePages} (--vacuum gives them back)`);
  output.twoColumn('-wal', report.isWalEmpty ? 'empty' : output.colors.yellow(heldBy(report)));
}

function heldBy({ heldBy }: OptimizeReport): string {
  if (heldBy.length === 0) return 'in use: not emptied';
  return `in use by process ${heldBy.join(', ')}: not emptied`;
}
