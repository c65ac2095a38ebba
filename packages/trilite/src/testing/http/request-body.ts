/** What a request carries, and what it says of that. */
export interface RequestBody {
  readonly content: string | Buffer;
  readonly headers: Readonly<Record<string, string>>;
}

type FormText = string | number | boolean;
type FormValue = FormText | Blob;

/** A field of a form: a list is sent as several of its name, a `File` or another Blob as a file that was chosen. */
export type FormField = FormValue | readonly FormValue[];

/** Text and bytes as they are, anything else as JSON, which then is asked for, too. */
export function bodyOf(value: unknown): RequestBody {
  if (typeof value === 'string') return bodyWith(value, 'text/plain');
  if (Buffer.isBuffer(value)) return bodyWith(value, 'application/octet-stream');
  return bodyWith(JSON.stringify(value), 'application/json', 'application/json');
}

/** The fields of a form as a browser sends them: with a file in several parts, else as one text. */
export async function formOf(fields: Readonly<Record<string, FormField>>): Promise<RequestBody> {
  const form = new FormData();
  let hasFiles = false;
  for (const [name, given] of Object.entries(fields)) {
    for (const value of [given].flat()) {
      if (value instanceof Blob) form.append(name, value);
      else form.append(name, String(value));
      hasFiles ||= value instanceof Blob;
    }
  }
  return hasFiles ? multipart(form) : urlencoded(form);
}

function urlencoded(form: FormData): RequestBody {
  const texts = [...form].flatMap(([name, value]): [string, string][] =>
    typeof value === 'string' ? [[name, value]] : [],
  );
  const content = new URLSearchParams(texts).toString();
  return bodyWith(content, 'application/x-www-form-urlencoded', 'text/html');
}

async function multipart(form: FormData): Promise<RequestBody> {
  const written = new Response(form);
  const type = written.headers.get('Content-Type') ?? 'multipart/form-data';
  return bodyWith(Buffer.from(await written.arrayBuffer()), type, 'text/html');
}

function bodyWith(content: string | Buffer, type: string, accept?: string): RequestBody {
  const wanted = accept === undefined ? {} : { Accept: accept };
  return { content, headers: { ...wanted, 'Content-Type': type } };
}
