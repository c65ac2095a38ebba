import { join, posix } from 'node:path';
import { projectAt } from '../../config/project';
import { sourceFiles } from '../../support/file-discovery';
import type { Command, CommandContext } from '../command';
import { CommandUsageError } from '../errors';
import { forceOption, makeFile, nameArgument } from '../make/make-file';
import { nearHint } from '../make/near-hint';
import { readSourceName } from '../make/source-name';
import { defineSignature } from '../signature';

const signature = defineSignature({
  name: 'make:listener',
  description: 'Make a listener in app/listeners',
  arguments: nameArgument,
  options: {
    event: { type: 'string', value: 'name', description: 'The event of app/events it hears of' },
    queued: { description: 'A worker calls it' },
    ...forceOption,
  },
});

const EVENTS = 'app/events';

export class MakeListenerCommand implements Command<typeof signature> {
  static readonly signature = signature;

  handle(context: CommandContext<typeof signature>): void {
    const { codePath, options } = context;
    const command = signature.name;
    const { folders, className, stem } = readSourceName(command, context.arguments.name);
    const folder = posix.join('app/listeners', ...folders);
    const event = findEvent(projectAt(codePath).basePath, options.event);
    makeFile(context, {
      command,
      stub: options.queued ? 'listener.queued' : 'listener',
      path: `${folder}/${stem}.ts`,
      values: {
        class: className,
        event: event.className,
        import: posix.relative(folder, event.path),
      },
      force: options.force,
    });
  }
}

/** The event's class, and where it is without an ending. @throws E_COMMAND_USAGE */
function findEvent(basePath: string, given: string | undefined) {
  const events = sourceFiles(join(basePath, EVENTS), { deep: true });
  if (given === undefined) {
    throw usage(`"--event" names the event of ${EVENTS} ("artisan make:event" makes one)`);
  }
  const { folders, className, stem } = readSourceName(signature.name, given);
  const wanted = posix.join(...folders, stem);
  const names = events.map(({ path }) => nameIn(join(basePath, EVENTS), path));
  const found = names.filter((name) => name === wanted || name.endsWith(`/${wanted}`));
  const [name = wanted, another] = found.includes(wanted) ? [wanted] : found;
  if (another !== undefined) {
    const list = found.map((one) => `"${one}"`).join(', ');
    throw usage(`${EVENTS} has more than one "${wanted}": name one of ${list}`);
  }
  if (found.length === 0) {
    const hint = nearHint(wanted, names);
    throw usage(`${EVENTS} has no "${wanted}"${hint} ("artisan make:event ${given}" makes it)`);
  }
  return { className, path: posix.join(EVENTS, name) };
}

/** A file by its folders and its name, without its ending. */
function nameIn(folder: string, path: string): string {
  return posix.relative(folder, path).replace(/\.[jt]s$/, '');
}

function usage(problem: string): CommandUsageError {
  return CommandUsageError.because(signature.name, problem);
}
