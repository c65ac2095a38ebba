'use strict';

const { expect, test } = require('@jest/globals');
const { applicationPackage } = require('../src/package-json.js');
const skeleton = require('../../../package.json');

const application = { name: 'my-app', framework: 'file:/srv/trilite' };

function scriptsOf(scripts) {
  return applicationPackage({ scripts }, application).scripts;
}

test('the application has its own name and version, and nothing that is ours', () => {
  const ours = { workspaces: ['packages/*'], license: 'MIT', description: 'x', repository: 'y' };
  const full = { name: 'skeleton', ...ours, scripts: {}, dependencies: { zod: '^4.0.0' } };
  const made = applicationPackage(full, application);
  expect(made).toEqual({
    name: 'my-app',
    version: '0.1.0',
    private: true,
    scripts: {},
    dependencies: { zod: '^4.0.0', trilite: 'file:/srv/trilite' },
  });
});

test('of the root, it keeps the development dependencies, engines and allowed scripts', () => {
  const made = applicationPackage(skeleton, application);
  expect(made.devDependencies).toEqual(skeleton.devDependencies);
  expect(made.engines).toEqual({ node: '>=20.19' });
  expect(made.allowScripts).toMatchObject({ 'better-sqlite3': true });
  expect(made.workspaces).toBeUndefined();
});

test('of the root, it keeps the scripts an application needs, and "test" is jest', () => {
  const { scripts } = applicationPackage(skeleton, application);
  const needed = ['artisan', 'dev', 'build', 'types', 'lint', 'format', 'format:check'];
  expect(Object.keys(scripts)).toEqual(expect.arrayContaining(needed));
  expect(scripts.test).toBe('jest');
  expect(Object.values(scripts).join()).not.toMatch(/workspace|bench|packages|\.ci/);
});

test('a script of the repository goes, whole or in part', () => {
  expect(
    scriptsOf({
      bench: 'node bench/run.js',
      ci: '.ci/run',
      docs: 'npm run docs -w trilite',
      pretest: 'npm run build --workspace trilite',
      types: 'tsc --noEmit && npm run types --workspaces --if-present',
      watch: 'tsc -w',
    }),
  ).toEqual({ types: 'tsc --noEmit', watch: 'tsc -w' });
});
