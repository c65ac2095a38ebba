'use strict';

const NAME = /^(?:@[a-z0-9~-][a-z0-9._~-]*\/)?[a-z0-9~-][a-z0-9._~-]*$/;
const RESERVED = ['node_modules', 'favicon.ico'];

/**
 * What npm has against a package name; undefined when nothing.
 *
 * @see https://docs.npmjs.com/cli/configuring-npm/package-json#name
 */
function nameProblem(name) {
  if (name.length > 214) return 'it is longer than 214 characters';
  if (RESERVED.includes(name)) return 'npm reserves it';
  if (!NAME.test(name)) {
    return 'only lower-case letters, digits, "-", "." and "_" are allowed, and "." or "_" cannot come first';
  }
  return undefined;
}

module.exports = { nameProblem };
