import { join } from 'node:path';
import ts from 'typescript';

const FILE = join(__dirname, '../tsconfig.json');

/** The options of the tests, with the types that the package has in the place of the sources: they are what an application sees, and read faster. */
export function compilerOptions(): ts.CompilerOptions {
  const parsed = ts.getParsedCommandLineOfConfigFile(FILE, undefined, {
    ...ts.sys,
    onUnRecoverableConfigFileDiagnostic: ({ messageText }) => {
      throw new Error(ts.flattenDiagnosticMessageText(messageText, '\n'));
    },
  });
  if (parsed === undefined) throw new Error(`${FILE} cannot be read.`);
  const paths = {
    trilite: ['../dist/index.d.ts'],
    'trilite/artisan': ['../dist/artisan.d.ts'],
    'trilite/testing': ['../dist/testing/index.d.ts'],
  };
  return { ...parsed.options, paths };
}
