'use strict';

/**
 * Where an application is built, and how it gets to its place whole.
 *
 * A folder that is not there yet: built in a sibling, which is renamed. The system renames onto nothing or onto an empty
 * folder, so of two that finish at once one gets an error.
 *
 * A folder that is there (empty, but perhaps a mount point or somebody's working directory, so it must stay): built in a
 * folder inside, whose making is the claim, then each entry is moved up. While the claim stands, nobody else starts.
 */

const { randomBytes } = require('node:crypto');
const fs = require('node:fs');
const path = require('node:path');
const { TargetError } = require('./errors.js');

const CLAIM = '.create-trilite';

/** @throws TargetError unless an application can be put there: where nothing is, or in a folder with at most a .git. */
function refuseTaken(target) {
  try {
    const stats = fs.statSync(target, { throwIfNoEntry: false });
    if (!stats) return refuseParent(target);
    if (!stats.isDirectory()) throw TargetError.notFolder(target);
    refuseEntries(target);
    fs.accessSync(target, fs.constants.W_OK);
  } catch (error) {
    throw TargetError.from(error, target);
  }
}

function refuseParent(target) {
  const parent = path.dirname(target);
  if (!fs.existsSync(parent)) throw TargetError.parentMissing(target, parent);
  fs.accessSync(parent, fs.constants.W_OK);
}

function refuseEntries(folder, allowed = ['.git']) {
  const entries = fs.readdirSync(folder).filter((name) => !allowed.includes(name));
  if (entries.includes(CLAIM)) throw TargetError.beingFilled(folder, path.join(folder, CLAIM));
  if (entries.length > 0) throw TargetError.notEmpty(folder, entries);
}

/** The folder an application is built in. Synchronous throughout: no signal handler runs halfway. */
class BuildFolder {
  #target;
  #isInside;
  #isOurs = false;

  constructor(target) {
    this.#target = target;
    this.#isInside = fs.existsSync(target);
    this.path = this.#isInside
      ? path.join(target, CLAIM)
      : path.join(path.dirname(target), `${CLAIM}-${randomBytes(6).toString('hex')}`);
  }

  open() {
    this.#claim();
    if (this.#isInside) this.#refuseOthers();
  }

  moveIntoPlace() {
    if (this.#isInside) this.#moveEntries();
    else this.#rename();
  }

  /** Removes what was built, unless it is in its place. */
  remove() {
    if (this.#isOurs) fs.rmSync(this.path, { recursive: true, force: true });
  }

  #claim() {
    try {
      fs.mkdirSync(this.path);
      this.#isOurs = true;
    } catch (error) {
      throw error.code === 'EEXIST' ? TargetError.beingFilled(this.#target, this.path) : error;
    }
  }

  #refuseOthers() {
    refuseEntries(this.#target, ['.git', CLAIM]);
  }

  #moveEntries() {
    this.#refuseOthers();
    const moved = [];
    try {
      for (const name of fs.readdirSync(this.path)) {
        fs.renameSync(path.join(this.path, name), path.join(this.#target, name));
        moved.push(name);
      }
    } catch (error) {
      for (const name of moved) fs.rmSync(path.join(this.#target, name), { recursive: true });
      throw error;
    }
  }

  #rename() {
    try {
      fs.renameSync(this.path, this.#target);
    } catch (error) {
      if (['ENOTEMPTY', 'EEXIST'].includes(error.code)) refuseEntries(this.#target);
      if (error.code === 'ENOTDIR') throw TargetError.notFolder(this.#target);
      throw error;
    }
  }
}

module.exports = { BuildFolder, refuseTaken };
