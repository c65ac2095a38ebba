/** A parameter of a path as text; of a rest, `*path`, its segments with the slashes between them. Undefined for one that is not there. */
export function parameterText(value: unknown): string | undefined {
  if (Array.isArray(value)) return value.join('/');
  return typeof value === 'string' ? value : undefined;
}
