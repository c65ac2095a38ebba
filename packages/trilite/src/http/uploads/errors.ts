import { errorCode, FrameworkError } from '../../support/errors';
import { humanBytes } from '../../support/bytes';

/** Thrown when a form with files is not read to its end: nobody takes one there, it is too large, or malformed. Answered with its 4xx status. */
export class UploadRefusedError extends FrameworkError {
  static notTaken(method: string, path: string): UploadRefusedError {
    return UploadRefusedError.#of(
      `${method} ${path} takes no forms with files.`,
      'Send JSON or a plain form, or say at the route what it takes: ".upload(…)".',
      415,
    );
  }

  static tooLarge(most: number): UploadRefusedError {
    return UploadRefusedError.#of(
      `The request is larger than ${humanBytes(most)}.`,
      'Send less; the largest request with files is "http.uploads.maxBytes" in config/app.ts.',
      413,
    );
  }

  static tooManyFiles(most: number): UploadRefusedError {
    return UploadRefusedError.#of(
      `The request has more than ${most} files.`,
      'Send fewer; the most is "http.uploads.maxFiles" in config/app.ts.',
      413,
    );
  }

  static tooManyFields(most: number): UploadRefusedError {
    return UploadRefusedError.#of(
      `The request has more than ${most} fields.`,
      'Send fewer; the most is "http.uploads.maxFields" in config/app.ts.',
      413,
    );
  }

  static tooMuchText(most: number): UploadRefusedError {
    return UploadRefusedError.#of(
      `The fields of the request are larger than ${humanBytes(most)} together.`,
      'Send less, or send it as a file; the most is "http.bodyLimit" in config/app.ts.',
      413,
    );
  }

  static malformed(cause?: unknown): UploadRefusedError {
    return UploadRefusedError.#of(
      'The form with files cannot be read: it is malformed, or ends too early.',
      'Send it again, as "multipart/form-data" with the boundary that its Content-Type names.',
      400,
      cause,
    );
  }

  static #of(message: string, help: string, status: number, cause?: unknown): UploadRefusedError {
    return new UploadRefusedError({ code: 'E_UPLOAD_REFUSED', message, help, status, cause });
  }
}

/** Thrown when an uploaded file cannot be written or moved. Answered with 507 when the disk is full, else with 500. */
export class UploadFailedError extends FrameworkError {
  static writing(path: string, cause: unknown): UploadFailedError {
    const isFull = ['ENOSPC', 'EDQUOT'].includes(errorCode(cause) ?? '');
    return new UploadFailedError({
      code: 'E_UPLOAD_FAILED',
      message: isFull
        ? `There is no room on the disk for the uploaded file "${path}".`
        : `The uploaded file "${path}" cannot be written: ${cause instanceof Error ? cause.message : String(cause)}.`,
      help: isFull
        ? 'Free disk space, or move "http.uploads.folder" in config/app.ts to a larger disk.'
        : 'Give the process\'s user write permission there; see "http.uploads.folder" in config/app.ts.',
      status: isFull ? 507 : 500,
      cause,
    });
  }

  static gone(name: string): UploadFailedError {
    return UploadFailedError.#of(
      `The uploaded file "${name}" is not there any more: its request is over.`,
      'Store it while the request is answered.',
    );
  }

  static stored(name: string, path: string): UploadFailedError {
    return UploadFailedError.#of(
      `The uploaded file "${name}" is stored already, as "${path}".`,
      'Store a file once; copy it from there.',
    );
  }

  static exists(path: string): UploadFailedError {
    return UploadFailedError.#of(
      `There is a file "${path}" already.`,
      'Choose another name, let "store" choose one, or pass "{ overwrite: true }".',
    );
  }

  static #of(message: string, help: string): UploadFailedError {
    return new UploadFailedError({ code: 'E_UPLOAD_FAILED', message, help });
  }
}

/** Thrown when a file is to be stored under a name, or in a folder, that leads elsewhere. */
export class UploadPlaceError extends FrameworkError {
  static badName(name: string): UploadPlaceError {
    return UploadPlaceError.#of(
      `"${shown(name)}" is no name for a file.`,
      'Pass a name without folders, of at most 255 bytes, that every system can keep; "store" makes one.',
    );
  }

  static badFolder(folder: string): UploadPlaceError {
    return UploadPlaceError.#of(
      `The folder "${shown(folder)}" lies outside of the files that are kept.`,
      'Pass a folder below them, such as "avatars", or an absolute path.',
    );
  }

  static #of(message: string, help: string): UploadPlaceError {
    return new UploadPlaceError({ code: 'E_UPLOAD_PLACE', message, help });
  }
}

/** What somebody sent may end lines and turn their direction. */
function shown(text: string): string {
  return JSON.stringify(text.slice(0, 100)).slice(1, -1);
}
