'use strict';

const fs = require('node:fs');
const path = require('node:path');
const { PACKAGE_ROOT, checkoutFiles, packedName } = require('../src/template.js');

// `npm pack` runs this, so that the tarball carries the root application as it is at that moment
const template = path.join(PACKAGE_ROOT, 'template');
fs.rmSync(template, { recursive: true, force: true });
for (const file of checkoutFiles()) {
  const target = path.join(template, packedName(file.path));
  fs.mkdirSync(path.dirname(target), { recursive: true });
  fs.copyFileSync(file.source, target);
}
