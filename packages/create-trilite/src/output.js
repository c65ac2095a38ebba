'use strict';

const path = require('node:path');

const COLORS = { blue: '44;1', red: '41;1', dim: '2', bold: '1' };

/** Says that the application is ready, and what to type next. */
function sayReady({ folder, install }) {
  const here = path.relative(process.cwd(), folder);
  const steps = [here && `cd ${quoted(here)}`, !install && 'npm install', 'npm run dev'];
  const paint = painter(process.stdout);
  const label = paint('blue', ' INFO ');
  const place = paint('bold', `[${here || '.'}]`);
  const lines = steps
    .filter(Boolean)
    .map((step) => `  ${paint('dim', '➜')} ${paint('bold', step)}`);
  process.stdout.write(
    `\n  ${label} Application ready in ${place}. Start it with:\n\n${lines.join('\n')}\n\n`,
  );
}

/** Says what happened and what to do next. */
function sayError({ message, help }) {
  const paint = painter(process.stderr);
  process.stderr.write(`\n  ${paint('red', ' ERROR ')} ${message}\n\n  ${paint('dim', help)}\n\n`);
}

/** No colour where nobody sees it, nor where it is not wanted. @see https://no-color.org */
function painter(stream) {
  if (!stream.isTTY || process.env.NO_COLOR) return (_color, text) => text;
  return (color, text) => `\u001b[${COLORS[color]}m${text}\u001b[0m`;
}

/** A path as the shell takes it. */
function quoted(text) {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}

module.exports = { sayError, sayReady };
