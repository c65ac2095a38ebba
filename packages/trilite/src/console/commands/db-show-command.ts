import { driverVersions } from '../../database/connection-driver';
import { fileFacts, type FileFacts } from '../../database/care/file-facts';
import { humanBytes } from '../../support/bytes';
import { humanDuration } from '../../support/duration';
import type { Command, CommandContext } from '../command';
import { eachConnection, exitCodeOf, outcomesAsJson, printOutcomes } from '../each-connection';
import type { Output } from '../output';
import { rowsOf } from '../rows';
import { defineSignature } from '../signature';

const signature = defineSignature({
  name: 'db:show',
  description: 'Show the files of the connections, their settings and tables',
  options: {
    connection: {
      type: 'string',
      value: 'name',
      description: 'The connection; by default all of them',
    },
    counts: {
      description:
        'Count all rows and measure all tables, however large: this reads the whole file',
    },
    json: { description: 'Print JSON and nothing else' },
  },
});

export class DbShowCommand implements Command<typeof signature> {
  static readonly signature = signature;

  async handle({ app, options, output }: CommandContext<typeof signature>): Promise<number> {
    const { sqlite } = driverVersions();
    const outcomes = await eachConnection(await app(), options.connection, (connection) =>
      fileFacts(connection, { counts: options.counts }),
    );
    if (options.json) output.json({ sqlite, connections: outcomesAsJson(outcomes) });
    else {
      output.heading('SQLite', sqlite);
      printOutcomes(outcomes, output, (facts) => print(facts, output));
    }
    return exitCodeOf(outcomes);
  }
}

function print(facts: FileFacts, output: Output): void {
  const { pageCount, pageSize, freePages, settings } = facts;
  const entries: Record<string, string> = {
    Size: `${humanBytes(facts.bytes)}, -wal ${humanBytes(facts.walBytes)}`,
    Pages: `${pageCount} of ${humanBytes(pageSize)}, ${freePages} free`,
    Encoding: facts.encoding,
    'Journal mode': settings.journalMode,
    Synchronous: settings.synchronous,
    'Foreign keys': settings.foreignKeys ? 'on' : 'off',
    'Auto-vacuum': settings.autoVacuum,
    'Cache size': humanBytes(settings.cacheSize),
    'Mapped memory': humanBytes(settings.mmapSize),
    'Journal size limit':
      settings.journalSizeLimit < 0 ? 'none' : humanBytes(settings.journalSizeLimit),
    'Busy timeout': humanDuration(settings.busyTimeout),
  };
  for (const [name, value] of Object.entries(entries)) output.twoColumn(name, value);
  for (const table of facts.tables) {
    const type = table.type === 'table' ? '' : ` ${output.colors.dim(table.type)}`;
    const size = table.bytes === null ? '' : `, ${humanBytes(table.bytes)}`;
    output.twoColumn(`${output.colors.cyan(table.name)}${type}`, `${rowsOf(table)}${size}`);
  }
}
