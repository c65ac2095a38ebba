/** What a file is. */
export interface FileType {
  /** Its media type, such as 'image/png'. */
  readonly type: string;
  /** What the names of such files end with, without a dot. */
  readonly extension: string;
}

/** What the signatures say. */
interface Guess {
  readonly typename: string;
  readonly mime?: string;
  readonly extension?: string;
}

/** Bytes from the beginning of a file that tell what it is: the name of tar's format stands latest. */
export const HEAD_BYTES = 4096;

const UNKNOWN: FileType = { type: 'application/octet-stream', extension: 'bin' };
const PLAIN: FileType = { type: 'text/plain', extension: 'txt' };

/** Kinds of text that no byte tells apart, and no browser runs. The client's word is taken for which one it is. */
const KINDS_OF_TEXT: Readonly<Record<string, string>> = {
  'text/plain': 'txt',
  'text/csv': 'csv',
  'text/tab-separated-values': 'tsv',
  'text/markdown': 'md',
  'text/calendar': 'ics',
  'text/vcard': 'vcf',
  'application/json': 'json',
  'application/yaml': 'yaml',
};

/** What text may be, though a signature says so: two letters at the beginning make a bitmap of a list of cars. */
const TEXTUAL = /^(?:application\/(?:pdf|rtf|postscript|xml)|image\/svg\+xml)$/;

const PAGE =
  /^<(?:!--|(?:!doctype html|html|head|body|script|iframe|style|title|table|font|h1|div|a|b|br|p)(?=[\s>]))/i;

/** Those that Windows and others run, which the signatures have no media type for. */
const PROGRAMS: Readonly<Record<string, FileType>> = {
  exe: { type: 'application/vnd.microsoft.portable-executable', extension: 'exe' },
};

/**
 * What a file is by its bytes. Where they fit several types, as those of a zip do, it is the one that the client names, if it is among them, else
 * the plainest.
 *
 * @param claimed the media type that the client names
 */
export function fileTypeOf(head: Uint8Array, claimed: string): FileType {
  // Lazily: whoever takes no files has no use for its tables
  const { filetypeinfo } = require('magic-bytes.js') as typeof import('magic-bytes.js');
  const text = textOf(head);
  const found = filetypeinfo(head).flatMap((guess) => {
    const type = typeOfGuess(guess);
    return type === undefined || (text !== undefined && !TEXTUAL.test(type.type)) ? [] : [type];
  });
  const chosen = found.find(({ type }) => type === claimed) ?? found[0];
  if (text === undefined) return chosen ?? UNKNOWN;
  return chosen === undefined || isMarkup(chosen) ? textType(text, claimed) : chosen;
}

function isMarkup({ type }: FileType): boolean {
  return type === 'application/xml' || type === 'image/svg+xml';
}

function typeOfGuess({ typename, mime: full, extension }: Guess): FileType | undefined {
  const mime = full?.split(';')[0]?.trim(); // 'text/plain; charset=UTF-16LE' fits no list of types
  if (mime === undefined) return PROGRAMS[typename];
  if (mime === 'image/jpeg') return { type: mime, extension: 'jpg' };
  return { type: mime, extension: (extension ?? 'bin').replace(/^\./, '') || 'bin' };
}

/** What begins as a page does is one, whatever the client says. @see https://mimesniff.spec.whatwg.org */
function textType(text: string, claimed: string): FileType {
  const start = text.trimStart();
  if (start.startsWith('<') && /<svg[\s>]/i.test(start)) {
    return { type: 'image/svg+xml', extension: 'svg' };
  }
  if (PAGE.test(start)) return { type: 'text/html', extension: 'html' };
  if (start.startsWith('<?xml')) return { type: 'application/xml', extension: 'xml' };
  const extension = Object.hasOwn(KINDS_OF_TEXT, claimed) ? KINDS_OF_TEXT[claimed] : undefined;
  return extension === undefined ? PLAIN : { type: claimed, extension };
}

/** As text, where it is valid UTF-8 without controls; a letter that is cut in two at the end does not count. */
function textOf(head: Uint8Array): string | undefined {
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(head, { stream: true });
    // eslint-disable-next-line no-control-regex -- they are what is looked for
    return /[\u0000-\u0008\u000e-\u001a\u001c-\u001f]/.test(text) ? undefined : text;
  } catch {
    return undefined;
  }
}
