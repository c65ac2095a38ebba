import { createWriteStream } from 'node:fs';
import { rm } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import { afterResponse } from '../../support/after-response';
import { humanBytes } from '../../support/bytes';
import { errorCode } from '../../support/errors';
import { refuseUnsafe } from '../request-body';
import { RequestSlot } from '../request-slot';
import { foundIn, type Request } from '../request';
import { InputInvalidError } from '../validation/errors';
import { UploadFailedError, UploadRefusedError } from './errors';
import { cleanFileName } from './file-name';
import { fileTypeOf, HEAD_BYTES } from './file-type';
import { isMultipart, readMultipart, type FilePart } from './multipart';
import type { Upload } from './upload';
import type { UploadDesk } from './upload-desk';
import { UploadedFile } from './uploaded-file';

/** What is wrong with which field, each once. */
type Problems = Map<string, Set<string>>;

const intakes = new RequestSlot<Intake>();

/** Notes that the route of a request takes files, before its middleware runs. */
export function expectUploads(request: Request, intake: Intake): void {
  intakes.set(request, intake);
}

/** What the route of a request takes; undefined where it takes no files. */
export function intakeOf(request: Request): Intake | undefined {
  return intakes.get(request);
}

/**
 * The files of one request, from its route's first middleware to the end of its response.
 *
 * 1. The form is read once: when its route's middleware has let the request in, or earlier for one that needs a field of it.
 * 2. Each file stands in the temporary folder before it is told of; what is not stored is removed after the response, however it ends.
 */
export class Intake {
  readonly #request: Request;
  readonly #uploads: readonly Upload<unknown>[];
  readonly #desk: UploadDesk;
  /** In the order they came in; those that are still on their way are undefined. */
  readonly #files: (UploadedFile | undefined)[] = [];
  readonly #problems: Problems = new Map();
  readonly #counts = new Map<string, number>();
  #reading: Promise<void> | undefined;

  constructor(request: Request, uploads: readonly Upload<unknown>[], desk: UploadDesk) {
    this.#request = request;
    this.#uploads = uploads;
    this.#desk = desk;
  }

  /**
   * Reads the form, so that `request.body` has its fields.
   *
   * @throws E_UPLOAD_REFUSED, E_UPLOAD_FAILED, E_REQUEST_INVALID
   */
  read(): Promise<void> {
    this.#reading ??= this.#read();
    return this.#reading;
  }

  /**
   * Reads the form, and gives the files to those who asked for them.
   *
   * @throws E_INPUT_INVALID when they are not what was asked for
   */
  async take(): Promise<void> {
    await this.read();
    for (const { field, isRequired } of this.#uploads) {
      if (isRequired && !this.#counts.has(field)) this.#complain(field, 'No file was sent.');
    }
    if (this.#problems.size > 0) {
      throw InputInvalidError.of(
        Object.fromEntries([...this.#problems].map(([field, texts]) => [field, [...texts]])),
      );
    }
    for (const one of this.#uploads) {
      const own = this.#files.filter((file) => file?.field === one.field);
      foundIn(this.#request).set(one, one.pick(own as UploadedFile[]));
    }
  }

  async #read(): Promise<void> {
    const request = this.#request;
    if (!isMultipart(request)) return;
    // Who has gone already takes its files with it
    if (!afterResponse(() => this.#discard())) throw UploadRefusedError.malformed();
    await this.#desk.folder.prepare();
    const fields = await readMultipart(request, this.#desk.limits, (part) => this.#takePart(part));
    refuseUnsafe(fields);
    request.body = fields;
  }

  async #discard(): Promise<void> {
    await this.#reading?.catch(() => undefined); // told already
    for (const file of this.#files) await file?.discard();
  }

  #takePart(part: FilePart): Promise<void> | undefined {
    const wanted = this.#uploads.find(({ field }) => field === part.field);
    if (wanted === undefined) return undefined;
    // What a browser sends for a field that nobody chose a file for
    if (part.name === '') return this.#takeNamelessPart(part);
    const count = (this.#counts.get(part.field) ?? 0) + 1;
    this.#counts.set(part.field, count);
    if (count <= wanted.maxFiles) return this.#receive(part, wanted);
    const most = wanted.maxFiles === 1 ? 'one file was' : `${wanted.maxFiles} files were`;
    this.#complain(part.field, `More than ${most} sent.`);
    return undefined;
  }

  /** Bytes without a name are a file that its client should name. */
  async #takeNamelessPart({ field, stream }: FilePart): Promise<void> {
    let bytes = 0;
    for await (const chunk of stream) bytes += (chunk as Buffer).length;
    if (bytes === 0) return;
    this.#counts.set(field, (this.#counts.get(field) ?? 0) + 1);
    this.#complain(field, 'The file has no name.');
  }

  async #receive(part: FilePart, wanted: Upload<unknown>): Promise<void> {
    const path = this.#desk.folder.newPath();
    const place = this.#files.push(undefined) - 1;
    try {
      const { head, bytes } = await writeTo(path, part, wanted.maxBytes);
      const found = fileTypeOf(head, part.type);
      const problem = problemOf(bytes, found.type, wanted);
      if (problem === undefined) {
        const facts = { field: part.field, name: cleanFileName(part.name), bytes, path };
        const root = this.#desk.rootFor(this.#request);
        this.#files[place] = new UploadedFile({ ...found, ...facts, root });
        return;
      }
      this.#complain(part.field, problem);
      await rm(path, { force: true });
    } catch (error) {
      await rm(path, { force: true }).catch(() => undefined); // the first error says more
      throw error;
    }
  }

  #complain(field: string, problem: string): void {
    const known = this.#problems.get(field) ?? new Set();
    this.#problems.set(field, known.add(problem));
  }
}

/** Writes as much as it may have into a new file that nobody else can read, and reads on to the end. */
async function writeTo(
  path: string,
  { stream }: FilePart,
  most = Infinity,
): Promise<{ readonly head: Buffer; readonly bytes: number }> {
  const heads: Buffer[] = [];
  let bytes = 0;
  try {
    await pipeline(
      stream,
      async function* (chunks: AsyncIterable<Buffer>) {
        for await (const chunk of chunks) {
          if (bytes < HEAD_BYTES) heads.push(chunk.subarray(0, HEAD_BYTES - bytes));
          bytes += chunk.length;
          if (bytes <= most) yield chunk;
        }
      },
      createWriteStream(path, { flags: 'wx', mode: 0o600 }),
    );
  } catch (error) {
    throw hasDiskCode(error) ? UploadFailedError.writing(path, error) : error;
  }
  return { head: Buffer.concat(heads), bytes };
}

/** Errors of the disk name a call of the system; those of the form come from the parser, and are told by it. */
function hasDiskCode(error: unknown): boolean {
  return errorCode(error) !== undefined && Object.hasOwn(error as object, 'syscall');
}

/** What is wrong with a file; undefined when it is what was asked for. */
function problemOf(
  bytes: number,
  type: string,
  { maxBytes, types }: Upload<unknown>,
): string | undefined {
  if (maxBytes !== undefined && bytes > maxBytes) {
    return `The file is larger than ${humanBytes(maxBytes)}.`;
  }
  if (types === undefined || fits(type, types)) return undefined;
  return `The file is ${type}; expected ${types.join(' or ')}.`;
}

/** Drawings may hold scripts: they have to be named. */
function fits(type: string, types: readonly string[]): boolean {
  const kind = `${type.split('/')[0] ?? ''}/*`;
  return types.includes(type) || (type !== 'image/svg+xml' && types.includes(kind));
}
