'use strict';

const REPOSITORY_ONLY = /\bworkspaces?\b|\bnpm\b.* -w\b|\bbench\b|\bpackages\b|\.ci\b/;

/** Whether a command or a line speaks of what only Trilite's own repository has. */
function mentionsRepository(text) {
  return REPOSITORY_ONLY.test(text);
}

module.exports = { mentionsRepository };
