'use strict';

/** The base of what is told in two sentences: what happened and where (message), and what to do next (help). */
class CreateError extends Error {
  constructor(message, help, exitCode = 1) {
    super(message);
    this.name = new.target.name;
    this.help = help;
    this.exitCode = exitCode;
  }
}

/** Thrown when the command line cannot be understood. */
class UsageError extends CreateError {
  static because(reason) {
    return new UsageError(`${reason}.`, 'Run "create-trilite --help" for what there is.', 2);
  }

  static nameMissing() {
    const help = 'Give it a folder: "npm create trilite my-app".';
    return new UsageError('The name of the application is missing.', help, 2);
  }

  static tooManyFolders(folders) {
    const found = folders.map((folder) => `"${folder}"`).join(', ');
    return UsageError.because(`Expected one folder, got ${folders.length}: ${found}`);
  }

  static badName(name, problem) {
    const message = `"${name}" cannot be the application's name: ${problem}.`;
    return new UsageError(message, 'Choose another with "--name my-app"; the folder may stay.', 2);
  }

  static badFramework(from) {
    const message = `"${from}" is no folder, tarball or version range of trilite.`;
    return new UsageError(
      message,
      'Give --framework a path ("../trilite") or a range ("^1.2.0").',
      2,
    );
  }
}

/** Thrown when --framework names a folder or tarball that is not trilite. */
class FrameworkError extends CreateError {
  static missing(file) {
    return new FrameworkError(
      `There is no framework at "${file}".`,
      'Check the path of --framework.',
    );
  }

  static notPackage(file) {
    const help =
      'Give --framework the folder of its package.json, or a tarball made by "npm pack".';
    return new FrameworkError(`"${file}" is no npm package.`, help);
  }

  static notTrilite(file, found) {
    const message = `The package at "${file}" is "${found}", not "trilite".`;
    return new FrameworkError(message, 'Check the path of --framework.');
  }
}

/** Thrown when the application cannot be put where it should be. */
class TargetError extends CreateError {
  /** Explains what the system says (EACCES, ENOSPC); other errors stay as they are. */
  static from(error, target) {
    return error.syscall ? TargetError.notWritable(target, error) : error;
  }

  static notEmpty(folder, entries) {
    const found = entries.slice(0, 3).join(', ') + (entries.length > 3 ? ', …' : '');
    const message = `The folder "${folder}" is not empty (${found}).`;
    return new TargetError(message, 'Choose another folder, or empty this one first.');
  }

  static beingFilled(folder, claim) {
    const message = `Another create-trilite is filling "${folder}".`;
    return new TargetError(
      message,
      `Choose another folder. If no other is running, delete "${claim}".`,
    );
  }

  static notFolder(target) {
    return new TargetError(`"${target}" is there and is not a folder.`, 'Choose another name.');
  }

  static parentMissing(target, parent) {
    const message = `"${target}" cannot be made: there is no folder "${parent}".`;
    return new TargetError(message, `Make it first: mkdir -p "${parent}".`);
  }

  static notWritable(target, cause) {
    const message = `"${target}" cannot be written: ${cause.message}.`;
    return new TargetError(
      message,
      'Check permissions and free space there, or choose another place.',
    );
  }
}

/** Thrown when the files an application is made of cannot be found. */
class TemplateError extends CreateError {
  static missing(folder) {
    const help = 'Install it again: "npm create trilite@latest".';
    return new TemplateError(`This create-trilite has no template in "${folder}".`, help);
  }

  static notListed(root, reason) {
    const message = `Git does not list the files of the checkout "${root}": ${reason}.`;
    return new TemplateError(
      message,
      'The template is made of files known to Git; make the checkout with "git clone".',
    );
  }
}

/** Thrown when the application is made, but a step after that went wrong. */
class StepError extends CreateError {
  static failed(command, folder) {
    const message = `"${command}" failed. The application itself is ready in "${folder}".`;
    const rest = command === 'npm install' ? '' : ' and "npm install"';
    return new StepError(message, `Run "${command}"${rest} there, then "npm run dev".`);
  }
}

/** Thrown when a person answers a question with Ctrl-C. */
class CancelledError extends CreateError {
  constructor() {
    super('Cancelled; nothing was made.', 'Run it again when you are ready.', 130);
  }
}

module.exports = {
  CancelledError,
  CreateError,
  FrameworkError,
  StepError,
  TargetError,
  TemplateError,
  UsageError,
};
