/** A name as the key of an object or an interface, in quotes only where it needs them, as Prettier writes it. */
export function propertyName(name: string): string {
  return /^[$_\p{ID_Start}][$\p{ID_Continue}]*$/u.test(name) ? name : quoted(name);
}

/** Text in single quotes, unless that takes more escapes. */
export function quoted(text: string): string {
  const escaped = JSON.stringify(text);
  if (text.split("'").length > text.split('"').length) return escaped;
  return `'${escaped.slice(1, -1).replaceAll('\\"', '"').replaceAll("'", "\\'")}'`;
}
