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
  const { className, stem } = readSourceName(signature.name, given);
  const found = events.find((file) => file.stem === stem);
  if (found === undefined) {
    const stems = events.map((file) => file.stem);
    const hint = nearHint(stem, stems);
    throw usage(`${EVENTS} has no "${stem}"${hint} ("artisan make:event ${given}" makes it)`);
  }
  const path = posix.relative(basePath, found.path).replace(/\.[jt]s$/, '');
  return { className, path };
}

function usage(problem: string): CommandUsageError {
  return CommandUsageError.because(signature.name, problem);
}
