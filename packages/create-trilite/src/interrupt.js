'use strict';

const { constants } = require('node:os');

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'];

/** Cleans up, then ends the process, when it is told to stop; the returned function takes that back. */
function onInterrupt(cleanUp) {
  const stop = (signal) => {
    cleanUp();
    process.stderr.write('\nStopped; nothing was made.\n');
    process.exit(128 + constants.signals[signal]);
  };
  for (const signal of SIGNALS) process.on(signal, stop);
  return () => SIGNALS.forEach((signal) => process.off(signal, stop));
}

module.exports = { onInterrupt };
