import type { BytesText } from '../../config/define';
import { parseBytes } from '../../config/bytes';
import { MethodNotes } from '../method-notes';
import type { UploadedFile } from './uploaded-file';

/** What a file has to be. */
export interface UploadOptions {
  /** Largest file, such as '2mb'. Default: as large as a request may be, `http.uploads.maxBytes`. */
  readonly maxBytes?: BytesText;
  /**
   * What it may be, by its bytes: 'image/png', or 'image/*' for all of a kind, but for SVG, which may hold scripts and has to be named. Default:
   * anything.
   */
  readonly types?: readonly string[];
  /** Whether a request without one is not valid. Default: false. */
  readonly required?: boolean;
}

/** What several files of one field have to be. */
export interface UploadsOptions extends UploadOptions {
  /** Most of them. Default: 10. */
  readonly maxFiles?: number;
}

/**
 * Files that a request may bring: given to a route's `upload`, or written as a decorator above a controller's method. `request.file` gives what came,
 * typed.
 */
export interface Upload<T> {
  (controller: object, method: string): void;
  /** The name of the field. */
  readonly field: string;
  /** Undefined where the request's own limit is the only one. */
  readonly maxBytes: number | undefined;
  readonly maxFiles: number;
  /** Undefined for anything. */
  readonly types: readonly string[] | undefined;
  readonly isRequired: boolean;
  /** What `request.file` gives of those that came. */
  readonly pick: (files: readonly UploadedFile[]) => T;
}

const MEDIA_TYPE = /^[a-z]+\/(?:\*|[a-z0-9][a-z0-9.+-]*)$/;

const decorated = new MethodNotes<Upload<unknown>>();

/**
 * One file of a form: it waits in a temporary folder until it is stored, and is gone after the response otherwise.
 *
 * @example
 * import { defineRoutes, upload, type Request } from 'trilite';
 *
 * const theAvatar = upload('avatar', { maxBytes: '2mb', types: ['image/png', 'image/jpeg'], required: true });
 *
 * export class AvatarController {
 *   \@theAvatar
 *   async store(request: Request) {
 *     const avatar = request.file(theAvatar);
 *     return { path: await avatar.store('avatars'), bytes: avatar.bytes };
 *   }
 * }
 *
 * export default defineRoutes((route) => {
 *   route.post('/avatar', [AvatarController, 'store']);
 * });
 */
export function upload(
  field: string,
  options: UploadOptions & { readonly required: true },
): Upload<UploadedFile>;
export function upload(field: string, options?: UploadOptions): Upload<UploadedFile | undefined>;
export function upload(
  field: string,
  options: UploadOptions = {},
): Upload<UploadedFile | undefined> {
  return declare(field, { ...options, maxFiles: 1 }, ([file]) => file);
}

/** Several files of one field, in the order they came in; an empty list when none did. */
export function uploads(
  field: string,
  { maxFiles = 10, ...options }: UploadsOptions = {},
): Upload<readonly UploadedFile[]> {
  return declare(field, { ...options, maxFiles }, (files) => files);
}

/** What is written above a controller's method, in that order. */
export function uploadsOf(controller: object, method: string): readonly Upload<unknown>[] {
  return decorated.of(controller, method);
}

function declare<T>(
  field: string,
  { maxBytes, maxFiles = 1, types, required = false }: UploadsOptions,
  pick: Upload<T>['pick'],
): Upload<T> {
  const one: Upload<T> = Object.assign(
    (controller: object, method: string): void => decorated.add(controller, method, one),
    {
      field: checkedField(field),
      maxBytes: checkedBytes(maxBytes),
      maxFiles: checkedCount(maxFiles),
      types: types?.map(checkedType),
      isRequired: required,
      pick,
    },
  );
  return one;
}

function checkedField(field: string): string {
  if (field !== '') return field;
  throw new TypeError('Expected the name of a field, got an empty one');
}

function checkedBytes(maxBytes: BytesText | undefined): number | undefined {
  if (maxBytes === undefined) return undefined;
  const bytes = parseBytes(maxBytes);
  if (bytes !== undefined && bytes > 0) return bytes;
  throw new TypeError(`Expected \`maxBytes\` to be a size such as "2mb", got \`${maxBytes}\``);
}

function checkedCount(maxFiles: number): number {
  if (Number.isSafeInteger(maxFiles) && maxFiles > 0) return maxFiles;
  throw new RangeError(`Expected \`maxFiles\` to be a positive integer, got \`${maxFiles}\``);
}

function checkedType(type: string): string {
  const lower = type.toLowerCase();
  if (MEDIA_TYPE.test(lower)) return lower;
  throw new TypeError(`Expected a media type such as "image/png" or "image/*", got \`${type}\``);
}
