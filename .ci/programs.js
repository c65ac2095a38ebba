'use strict';

// Programs and a browser, as somebody at a terminal would start them.

const { spawn } = require('node:child_process');

const started = [];

/** Starts a program in a process group of its own, as a terminal would. */
function start(command, parameters, { cwd, env = {} }) {
  const child = spawn(command, parameters, {
    cwd,
    detached: true,
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  started.push(child);
  let text = '';
  const waiting = new Set();
  const look = () => waiting.forEach((check) => check());
  const exit = new Promise((resolve) => child.once('exit', (code) => resolve(code)));
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (part) => {
      text += part;
      look();
    });
  const until = (holds) =>
    new Promise((resolve, reject) => {
      const check = () => holds(text) && (waiting.delete(check), resolve(text));
      waiting.add(check);
      void exit.then((code) =>
        reject(new Error(`${command} ${parameters.join(' ')} ended with ${code}\n${text}`)),
      );
      check();
    });
  return {
    child,
    exit,
    until,
    said: (pattern) => until((all) => pattern.test(all)),
    text: () => text,
  };
}

function kill(child, signal) {
  try {
    process.kill(-child.pid, signal);
  } catch {
    // it has ended
  }
}

/** Whatever still runs of what was started. */
function killAll() {
  for (const child of started) kill(child, 'SIGKILL');
}

function freePort() {
  return new Promise((resolve) => {
    const server = require('node:net')
      .createServer()
      .listen(0, '127.0.0.1', () => {
        const { port } = server.address();
        server.close(() => resolve(port));
      });
  });
}

/** Debian's chromium: nothing is downloaded. */
function launchBrowser() {
  const { chromium } = require('playwright-core');
  return chromium.launch({
    executablePath: '/usr/bin/chromium',
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  });
}

module.exports = { freePort, kill, killAll, launchBrowser, start };
