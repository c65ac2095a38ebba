import { join } from 'node:path';
import { GENERATED_HEADER, printRoutes } from '../../http/urls/print-routes';
import type { Command, CommandContext } from '../command';
import type { ConsoleApplication } from '../console-application';
import {
  generatedFileOptions,
  refreshGeneratedFile,
  writeGeneratedFile,
  type GeneratedFile,
} from '../generated-file';
import { defineSignature } from '../signature';

const FILE = 'app/routes.ts';

const signature = defineSignature({
  name: 'route:types',
  description: 'Write the types of the addresses of named routes',
  options: {
    ...generatedFileOptions,
    output: {
      type: 'string',
      value: 'file',
      description: 'The file to write, from the folder of the application',
      default: FILE,
    },
  },
});

export class RouteTypesCommand implements Command<typeof signature> {
  static readonly signature = signature;

  async handle({ app, options, output }: CommandContext<typeof signature>): Promise<number> {
    const application = await app();
    const { basePath } = application;
    return writeGeneratedFile(routeTypes(application), options, { basePath, output });
  }
}

/** Keeps app/routes.ts current while somebody develops, where it is there. Tells whether something had changed. */
export function refreshRouteTypes(app: ConsoleApplication): Promise<boolean> {
  return refreshGeneratedFile(routeTypes(app), join(app.basePath, FILE));
}

function routeTypes(app: ConsoleApplication): GeneratedFile {
  return {
    command: signature.name,
    source: 'the routes',
    header: GENERATED_HEADER,
    generate: () => printRoutes(app.http().routes),
  };
}
