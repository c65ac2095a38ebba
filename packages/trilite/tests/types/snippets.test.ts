import { readdirSync } from 'node:fs';
import { join } from 'node:path';

// One file for all of them: the types of the framework, of Node and of express are read once.

const files = readdirSync(__dirname).filter((file) => file.endsWith('.snippets.ts'));

describe.each(files)('%s', (file) => {
  // A `describe` takes the tests of a module that is loaded within it
  require(join(__dirname, file));
});
