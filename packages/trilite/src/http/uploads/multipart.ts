import type { IncomingMessage } from 'node:http';
import type { Readable } from 'node:stream';
import type { BusboyInstance } from '@fastify/busboy';
import { toError } from '../../support/errors';
import { UploadRefusedError } from './errors';

/** What a form with files may hold at most. */
export interface MultipartLimits {
  readonly maxBytes: number;
  readonly maxFiles: number;
  readonly maxFields: number;
  /** Of all fields of text together, names included. */
  readonly maxTextBytes: number;
}

/** A file, while it comes. */
export interface FilePart {
  readonly field: string;
  /** As the client wrote it. */
  readonly name: string;
  /** The media type that the client names. */
  readonly type: string;
  readonly stream: Readable;
}

/** Takes a file to its end; undefined for one that nobody asked for. */
export type TakeFile = (part: FilePart) => Promise<void> | undefined;

/** Fields of text; several of one name are a list. */
export type Fields = Readonly<Record<string, string | readonly string[]>>;

/** A browser writes two headers for a part, and names them in less than a kilobyte. */
const HEADER_LIMITS = { headerPairs: 20, headerSize: 16_384 } as const;

/** A quarter of what is read of the headers: a longer one may have been cut, also where three bytes stand for one (%C3). */
const LONGEST_NAME = 4096;

/** Whether a request has a form with files. */
export function isMultipart(request: IncomingMessage): boolean {
  const type = request.headers['content-type'];
  return type !== undefined && /^\s*multipart\/form-data\b/i.test(type);
}

/**
 * Reads a form with files to its end. When it fails, whatever takes a file has failed as well, and the rest of the request is read into nothing: who
 * is still sending would not see an answer otherwise. How long that may last, the server's `requestTimeout` says.
 *
 * @throws E_UPLOAD_REFUSED, and what `takeFile` rejects with
 */
export async function readMultipart(
  request: IncomingMessage,
  limits: MultipartLimits,
  takeFile: TakeFile,
): Promise<Fields> {
  try {
    if (Number(request.headers['content-length'] ?? 0) > limits.maxBytes) {
      throw UploadRefusedError.tooLarge(limits.maxBytes);
    }
    return await new MultipartReading(createParser(request, limits), limits, takeFile).run(request);
  } catch (error) {
    request.resume();
    // Who went away in the middle is no fault of ours
    throw request.errored === null ? error : UploadRefusedError.malformed(error);
  }
}

/** One form, while it is read. */
class MultipartReading {
  readonly #parser: BusboyInstance;
  readonly #limits: MultipartLimits;
  readonly #takeFile: TakeFile;
  readonly #fields = new Map<string, string | string[]>();
  readonly #streams: Readable[] = [];
  readonly #files: Promise<void>[] = [];
  readonly #parsed: Promise<void>;
  #fail: (error: Error) => void = () => undefined;
  #hasFailed = false;
  #textBytes = 0;

  constructor(parser: BusboyInstance, limits: MultipartLimits, takeFile: TakeFile) {
    this.#parser = parser;
    this.#limits = limits;
    this.#takeFile = takeFile;
    this.#parsed = new Promise<void>((resolve, reject) => {
      parser.once('finish', resolve);
      this.#fail = (error) => {
        this.#hasFailed = true;
        reject(error);
      };
    });
    this.#parsed.catch(() => undefined); // it may fail before somebody waits for it
    this.#listen();
  }

  async run(request: IncomingMessage): Promise<Fields> {
    try {
      await this.#feed(request);
      this.#parser.end();
      await this.#parsed;
      await Promise.all(this.#files);
      return Object.fromEntries(this.#fields);
    } catch (error) {
      for (const stream of this.#streams) stream.destroy();
      await Promise.allSettled(this.#files);
      throw error;
    }
  }

  /** Chunk by chunk in the work of the request, and not by `pipe`: what a parser throws there would end the process. */
  async #feed(request: IncomingMessage): Promise<void> {
    const parser = this.#parser;
    let bytes = 0;
    for await (const chunk of request.iterator({ destroyOnReturn: false })) {
      bytes += (chunk as Buffer).length;
      if (bytes > this.#limits.maxBytes) throw UploadRefusedError.tooLarge(this.#limits.maxBytes);
      const isFull = !parser.write(chunk);
      if (this.#hasFailed) return; // `#parsed` says with what
      if (isFull) {
        const drained = new Promise<void>((resolve) => parser.once('drain', resolve));
        await Promise.race([drained, this.#parsed]);
      }
    }
  }

  #listen(): void {
    const { maxFiles, maxFields } = this.#limits;
    const parser = this.#parser;
    parser.on('error', (error) => this.#fail(UploadRefusedError.malformed(error)));
    parser.on('filesLimit', () => this.#fail(UploadRefusedError.tooManyFiles(maxFiles)));
    parser.on('fieldsLimit', () => this.#fail(UploadRefusedError.tooManyFields(maxFields)));
    parser.on('partsLimit', () => this.#fail(UploadRefusedError.tooManyFields(maxFields)));
    parser.on('field', (name: string | undefined, value, _isNameCut, isCut) => {
      if (name !== undefined && !isLong(name)) this.#addField(name, value, isCut);
    });
    parser.on('file', (field: string | undefined, stream, name: string | undefined, _e, type) => {
      stream.on('error', () => undefined); // whoever takes it hears of it, too
      this.#addFile({ field: field ?? '', name: name ?? '', type, stream });
    });
  }

  #addField(name: string, value: string, isCut: boolean): void {
    this.#textBytes += Buffer.byteLength(name) + Buffer.byteLength(value);
    if (isCut || this.#textBytes > this.#limits.maxTextBytes) {
      return this.#fail(UploadRefusedError.tooMuchText(this.#limits.maxTextBytes));
    }
    const known = this.#fields.get(name);
    if (known === undefined) this.#fields.set(name, value);
    else if (typeof known === 'string') this.#fields.set(name, [known, value]);
    else known.push(value);
  }

  #addFile(part: FilePart): void {
    const taken = isLong(part.field) || isLong(part.name) ? undefined : this.#takeFile(part);
    if (taken === undefined) {
      part.stream.resume();
      return;
    }
    this.#streams.push(part.stream);
    this.#files.push(taken);
    taken.catch((error: unknown) => this.#fail(toError(error)));
  }
}

/** Whether a name is none that somebody gave, but perhaps half of one. */
function isLong(name: string): boolean {
  return Buffer.byteLength(name) >= LONGEST_NAME;
}

function createParser(request: IncomingMessage, limits: MultipartLimits): BusboyInstance {
  // Lazily: most applications take no files
  const { Busboy } = require('@fastify/busboy') as typeof import('@fastify/busboy');
  const { maxFiles, maxFields, maxTextBytes } = limits;
  try {
    return new Busboy({
      headers: { 'content-type': request.headers['content-type'] ?? '' },
      preservePath: true,
      limits: {
        ...HEADER_LIMITS,
        files: maxFiles,
        fields: maxFields,
        parts: maxFiles + maxFields,
        fieldSize: maxTextBytes,
      },
    });
  } catch (error) {
    throw UploadRefusedError.malformed(error);
  }
}
