'use strict';

// Follows docs/tour.md as a reader would: what has a path goes into that file, what is a command is typed, and what is shown as an answer is
// what comes.

const assert = require('node:assert/strict');
const fs = require('node:fs');
const path = require('node:path');

const BLOCK = /^```(\w+)\n(.*?)^```$/gms;
const DEV = 'npm run dev\n';

/** The blocks of a page, in order. */
function blocksOf(page) {
  return [...fs.readFileSync(page, 'utf8').matchAll(BLOCK)].map(([, language, text]) => ({
    language,
    text,
  }));
}

/**
 * @param page the path of the page
 * @param folder where the application is that its first block makes
 * @param port where `npm run dev` is to answer
 * @param terminals `type(command)` runs a command line and gives what it prints; `dev()` starts `npm run dev`, and gives what it says and how to
 *   interrupt it
 */
async function follow(page, { folder, port, type, dev }) {
  const [creation, ...blocks] = blocksOf(page);
  assert.equal(creation.text, 'npm create trilite linkbox\ncd linkbox\nnpm install\n');
  let running;
  let last = { command: '', answer: '' };
  for (const { language, text } of blocks) {
    const here = text.replaceAll('localhost:3000', `localhost:${port}`);
    if (language === 'ts') write(folder, here);
    else if (language === 'text') await expectAnswer(type, last, here);
    else if (here === DEV) {
      await running?.interrupt();
      running = await dev();
    } else {
      // What was changed before is served once the server has started anew
      const answer = here.startsWith('curl') ? await until(() => type(here), isServed) : type(here);
      last = { command: here, answer };
    }
  }
  await running.interrupt();
}

/** Puts a block where its first line says; one that does not say so is only shown. */
function write(folder, text) {
  const [, name] = /^\/\/ (\S+\.ts)\n/.exec(text) ?? [];
  if (name === undefined) return;
  const file = path.join(folder, path.dirname(name), fileLike(folder, name));
  fs.mkdirSync(path.dirname(file), { recursive: true });
  fs.writeFileSync(file, text);
}

/** `*` stands for what "make:migration" has put there. */
function fileLike(folder, name) {
  const base = path.basename(name);
  if (!base.includes('*')) return base;
  const end = base.slice(1);
  const found = fs
    .readdirSync(path.join(folder, path.dirname(name)))
    .filter((one) => one.endsWith(end));
  assert.equal(found.length, 1, `${name} is to be one file, not ${found.length}`);
  return found[0];
}

const isServed = (answer) => answer !== '' && !/"status":(404|503)/.test(answer);

/** What only asks is asked again until the worker has done its part. */
async function expectAnswer(type, { command, answer }, expected) {
  const isRight = (one) =>
    expected
      .trim()
      .split('\n')
      .every((line) => one.includes(line));
  if (isRight(answer)) return;
  assert.doesNotMatch(command, / -d /, `${command}\nanswered\n${answer}`);
  await until(() => type(command), isRight);
}

/** Asks until an answer is what it should be, a hundred times at most. */
async function until(ask, isRight) {
  let answer = '';
  for (let turn = 0; turn < 100; turn += 1) {
    answer = tried(ask);
    if (isRight(answer)) return answer;
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  throw new Error(`Nothing better came than: ${answer}`);
}

/** Nobody may be there yet who answers. */
function tried(ask) {
  try {
    return ask();
  } catch {
    return '';
  }
}

module.exports = { follow };
