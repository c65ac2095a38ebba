/**
 * The text of config/app.ts with a provider more in `providers`; undefined where there is no such list to be seen, or it has another one of this name.
 *
 * A list that is written down is found by its text, as a person would: what is computed is left to one.
 */
export function withProvider(
  text: string,
  { className, path }: { readonly className: string; readonly path: string },
): string | undefined {
  const list = /^( *providers: *\[)([^\]]*)(\])/m.exec(text);
  const [whole, begin, entries, end] = list ?? [];
  if (whole === undefined || begin === undefined || entries === undefined || end === undefined) {
    return undefined;
  }
  if (entries.split(',').some((entry) => entry.trim() === className)) {
    return text.includes(`'${path}'`) ? text : undefined;
  }
  const known = entries.trim().replace(/,$/, '');
  const isBroken = entries.includes('\n');
  const listed = known === '' ? className : `${known}, ${className}`;
  const broken = `\n    ${listed.split(/\s*,\s*/).join(',\n    ')},\n  `;
  const line = `import { ${className} } from '${path}';\n`;
  return withImport(text.replace(whole, `${begin}${isBroken ? broken : listed}${end}`), line);
}

/** After the last import of the application's own, as they stand in order. */
function withImport(text: string, line: string): string {
  const imports = [...text.matchAll(/^import .*;\n/gm)];
  const ofApp = imports.filter(([one]) => one.includes("'../app/"));
  const last = ofApp.at(-1) ?? imports.at(-1);
  if (last === undefined) return `${line}\n${text}`;
  const at = last.index + last[0].length;
  return text.slice(0, at) + line + text.slice(at);
}
