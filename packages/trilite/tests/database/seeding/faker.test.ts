import { execFileSync } from 'node:child_process';
import { join } from 'node:path';

/* What production is: the packages of "npm ci --omit=dev", which @faker-js/faker is not among. */

const DIST = join(__dirname, '../../../dist/index.js');
const WITHOUT_FAKER = `
  const Module = require('node:module');
  const resolve = Module._resolveFilename;
  Module._resolveFilename = (name, ...rest) => {
    if (!name.startsWith('@faker-js/faker')) return resolve(name, ...rest);
    throw Object.assign(new Error('Cannot find module'), { code: 'MODULE_NOT_FOUND' });
  };
  const { defineFactory } = require(${JSON.stringify(DIST)});`;

function inProduction(code: string): string {
  return execFileSync(process.execPath, ['-e', `${WITHOUT_FAKER}${code}`], { encoding: 'utf8' });
}

test('a factory that asks for faker says what to install', () => {
  const said = inProduction(`
    try { defineFactory('users', ({ faker }) => ({ name: faker.word.noun() })).make(); }
    catch ({ code, message, help }) { console.log(code, message, help); }`);
  expect(said).toMatch(
    /^E_FACTORY_FAKER_MISSING The factory of "users" asks for "faker".* "npm install --save-dev @faker-js\/faker"/,
  );
});

test('a factory of fixed values needs no faker', () => {
  const said = inProduction(`
    const factory = defineFactory('users', ({ sequence }) => ({ name: 'user ' + sequence }));
    console.log(JSON.stringify(factory.count(2).make()));`);
  expect(JSON.parse(said)).toEqual([{ name: 'user 1' }, { name: 'user 2' }]);
});
