import { Eta, EtaParseError } from 'eta';
import { toError } from '../support/errors';
import { ViewFailedError, type TemplatePlace } from './errors';

/** Where a template comes from. */
export type TemplateSource = Omit<TemplatePlace, 'line'>;

/** What stands between `<%` and `%>`. */
export interface TemplateTag {
  /** Whether it writes: escaped for `<%=`, as it is for `<%~`. `<%` alone writes nothing. */
  readonly writes: 'escaped' | 'raw' | undefined;
  readonly code: string;
  readonly line: number;
}

/** Text is escaped as the inside of a JavaScript string. */
type TemplatePart = string | TemplateTag;

/** Lines are noted in debug mode alone; what is trimmed is decided below. */
const eta = new Eta({ debug: true, autoTrim: false });

const WRITES = { i: 'escaped', r: 'raw' } as const;

/**
 * The texts and tags of a template, in their order. A line that holds nothing but one tag that writes nothing leaves nothing behind, neither its
 * indentation nor its end.
 *
 * @throws E_VIEW_FAILED
 */
export function partsOf(source: TemplateSource): TemplatePart[] {
  const parts = parse(source).map((part): TemplatePart => {
    if (typeof part === 'string') return part;
    const { t, val, lineNo = 1 } = part;
    return { writes: t === 'i' || t === 'r' ? WRITES[t] : undefined, code: val, line: lineNo };
  });
  const isAlone = parts.map((_part, index) => standsAlone(parts, index));
  return parts.map((part, index) => {
    if (typeof part !== 'string') return part;
    const began = isAlone[index - 1] === true ? part.replace(TO_LINE_END, '') : part;
    return isAlone[index + 1] === true ? began.replace(INDENTATION, '') : began;
  });
}

/** In text as it is escaped: `\\n` is a line's end, `\\\\n` a backslash and a letter. */
const TO_LINE_END = /^[ \t]*(?:\\n|$)/;
const INDENTATION = /[ \t]*$/;
const AT_LINE_START = /(?:^|(?<!\\)(?:\\\\)*\\n)[ \t]*$/;

function standsAlone(parts: readonly TemplatePart[], index: number): boolean {
  const [before, tag, after] = [parts[index - 1], parts[index], parts[index + 1]];
  if (typeof tag !== 'object' || tag.writes !== undefined) return false;
  const begins =
    before === undefined ||
    (typeof before === 'string' && AT_LINE_START.test(before) && (index === 1 || hasEnd(before)));
  const ends =
    after === undefined ||
    (typeof after === 'string' &&
      TO_LINE_END.test(after) &&
      (index === parts.length - 2 || hasEnd(after)));
  return begins && ends;
}

/** Between two tags, blanks alone are no line. */
function hasEnd(text: string): boolean {
  return text.includes('\\n');
}

function parse(source: TemplateSource): ReturnType<typeof eta.parse> {
  try {
    return eta.parse(source.source);
  } catch (thrown) {
    const { message } = toError(thrown);
    const [what = message, line = '1'] = message.split(/ at line (\d+)/);
    throw ViewFailedError.at({ ...source, line: Number(line) }, new EtaParseError(what));
  }
}
