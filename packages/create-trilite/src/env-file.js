'use strict';

const { randomBytes } = require('node:crypto');

/** The text of .env: that of .env.example with the application's name and a key of its own. */
function envFile(example, name) {
  const key = `base64:${randomBytes(32).toString('base64')}`;
  return withLine(withLine(example, 'APP_NAME', name), 'APP_KEY', key);
}

function withLine(text, variable, value) {
  const line = `${variable}=${value}`;
  const pattern = new RegExp(`^${variable}=.*$`, 'm');
  return pattern.test(text) ? text.replace(pattern, () => line) : `${line}\n${text}`;
}

module.exports = { envFile };
