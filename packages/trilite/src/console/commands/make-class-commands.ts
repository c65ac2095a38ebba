import type { Command, CommandClass, CommandContext } from '../command';
import { forceOption, makeFile, nameArgument } from '../make/make-file';
import { readSourceName } from '../make/source-name';
import { defineSignature } from '../signature';

/** A kind of class that a stub says all about. */
interface ClassKind {
  /** What the command is called after "make:", and the stub. */
  readonly kind: string;
  readonly folder: string;
  /** With which such classes end. Default: none. */
  readonly suffix?: string;
}

export const MakeJobCommand = makes({ kind: 'job', folder: 'app/jobs' });
export const MakeMiddlewareCommand = makes({ kind: 'middleware', folder: 'app/http/middleware' });
export const MakeEventCommand = makes({ kind: 'event', folder: 'app/events' });
export const MakeSeederCommand = makes({
  kind: 'seeder',
  folder: 'database/seeders',
  suffix: 'Seeder',
});

function makes({ kind, folder, suffix }: ClassKind): CommandClass {
  const signature = defineSignature({
    name: `make:${kind}`,
    description: `Make ${kind === 'event' ? 'an' : 'a'} ${kind} in ${folder}`,
    arguments: nameArgument,
    options: forceOption,
  });
  return class implements Command<typeof signature> {
    static readonly signature = signature;

    handle(context: CommandContext<typeof signature>): void {
      const command = signature.name;
      const { folders, className, stem } = readSourceName(command, context.arguments.name, suffix);
      makeFile(context, {
        command,
        stub: kind,
        path: [folder, ...folders, `${stem}.ts`].join('/'),
        values: { class: className },
        force: context.options.force,
      });
    }
  };
}
