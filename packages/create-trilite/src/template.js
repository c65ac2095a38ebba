'use strict';

const fs = require('node:fs');
const path = require('node:path');
const { TemplateError } = require('./errors.js');
const { git } = require('./git.js');

const PACKAGE_ROOT = path.resolve(__dirname, '..');
const CHECKOUT_ROOT = path.resolve(PACKAGE_ROOT, '../..');

/** What an application consists of, as far as the root has it. */
const TOP_LEVEL = new Set([
  'app',
  'config',
  'database',
  'public',
  'resources',
  'routes',
  'tests',
  'artisan.ts',
  'package.json',
  'tsconfig.json',
  'tsconfig.build.json',
  'jest.config.js',
  'nodemon.json',
  'eslint.config.mjs',
  '.prettierrc.json',
  '.prettierignore',
  '.gitignore',
  '.env.example',
  'Dockerfile',
  '.dockerignore',
]);

/**
 * The files of a new application: `path` in the application, `source` to read it from.
 *
 * In a checkout they are the root's own, else those that `npm pack` put into template/.
 */
function templateFiles() {
  const files = isCheckout() ? checkoutFiles() : packedFiles();
  return [...files, { path: 'README.md', source: path.join(PACKAGE_ROOT, 'stubs/README.md') }];
}

function isCheckout() {
  return ['artisan.ts', 'packages/create-trilite/package.json'].every((file) =>
    fs.existsSync(path.join(CHECKOUT_ROOT, file)),
  );
}

/** The root's files that Git knows: what is ignored or private can never get in. */
function checkoutFiles() {
  const { status, stdout, stderr, error } = git(CHECKOUT_ROOT, ['ls-files', '-z']);
  const paths = (stdout ?? '').split('\0').filter(belongsToApplication);
  const files = paths
    .map((file) => ({ path: file, source: path.join(CHECKOUT_ROOT, file) }))
    .filter(({ source }) => isRegularFile(source));
  if (status === 0 && files.length > 0) return files;
  throw TemplateError.notListed(
    CHECKOUT_ROOT,
    error?.message ?? (stderr.trim() || 'it knows none'),
  );
}

/** Of storage/ only what keeps the folder there: never a database. */
function belongsToApplication(file) {
  const [top] = file.split('/');
  return TOP_LEVEL.has(top) || (top === 'storage' && path.basename(file) === '.gitignore');
}

/** Not a deleted file that Git still knows, nor a link to who knows what. */
function isRegularFile(file) {
  return fs.lstatSync(file, { throwIfNoEntry: false })?.isFile() === true;
}

function packedFiles() {
  const template = path.join(PACKAGE_ROOT, 'template');
  if (!fs.existsSync(template)) throw TemplateError.missing(template);
  return fs
    .readdirSync(template, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => path.join(entry.parentPath, entry.name))
    .map((source) => ({ path: unpackedName(path.relative(template, source)), source }));
}

/** npm leaves .gitignore and .npmrc out of tarballs, so no name in template/ begins with a dot: `.a` is `_a`, `_a` is `__a`. */
function packedName(file) {
  return file.replace(/(^|\/)(?:\.|_)/g, (start) => start.replace('_', '__').replace('.', '_'));
}

function unpackedName(file) {
  return file.replace(/(^|\/)_(_?)/g, (_start, slash, second) => slash + (second || '.'));
}

module.exports = { PACKAGE_ROOT, checkoutFiles, packedName, templateFiles, unpackedName };
