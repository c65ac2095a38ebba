import { checkConnection } from '../../database/care/check';
import type { FileFindings } from '../../database/care/integrity';
import type { Command, CommandContext } from '../command';
import type { ConsoleApplication } from '../console-application';
import { violationLine } from '../finding-lines';
import type { Output } from '../output';
import { defineSignature } from '../signature';

const signature = defineSignature({
  name: 'db:check',
  description: 'Look for damage in the files, and for rows that break a foreign key',
  options: {
    connection: {
      type: 'string',
      value: 'name',
      description: 'The connection; by default every one that has a file',
    },
    quick: { description: 'Leave out whether each index holds what its table does' },
    json: { description: 'Print JSON and nothing else' },
  },
});

type Context = CommandContext<typeof signature>;

/** What was found in the file of a connection. */
interface Checked extends FileFindings {
  readonly connection: string;
  readonly file: string;
}

export class DbCheckCommand implements Command<typeof signature> {
  static readonly signature = signature;

  async handle({ app, options, output }: Context): Promise<number> {
    const { connections } = await app();
    const checked: Checked[] = [];
    for (const name of chosen(connections, options.connection)) {
      const connection = connections.connection(name);
      const findings = await checkConnection(connection, options);
      checked.push({ connection: name, file: connection.file, ...findings });
      if (!options.json) print({ connection: name, file: connection.file, ...findings }, output);
    }
    if (options.json) output.json(checked);
    const found = checked.flatMap(({ problems, violations }) => [...problems, ...violations]);
    return found.length > 0 ? 1 : 0;
  }
}

function chosen(
  connections: ConsoleApplication['connections'],
  name: string | undefined,
): readonly string[] {
  if (name !== undefined) return [name];
  return connections.names.filter((one) => connections.connection(one).file !== ':memory:');
}

function print({ connection, file, problems, violations }: Checked, output: Output): void {
  const { bold, dim, green, red } = output.colors;
  const isWell = problems.length + violations.length === 0;
  output.twoColumn(`${dim(`${connection}:`)} ${file}`, bold(isWell ? green('OK') : red('FOUND')));
  for (const problem of problems) output.line(`    ${red(problem)}`);
  for (const violation of violations) output.line(`    ${red(violationLine(violation))}`);
}
