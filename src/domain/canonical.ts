/**
 * The canonical JSON text of a value (RFC 8785): equal values give equal texts, whatever the order of their
 * keys. What hashes are taken over. Half a surrogate pair, for which the RFC has no form, stays the escape that
 * it came as, because texts that were cut in the middle of a character are sent all the same.
 */
export function canonicalJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`;
  if (typeof value === 'object' && value !== null) return canonicalObject(value);
  const text = isJsonScalar(value) ? JSON.stringify(value) : undefined;
  if (text === undefined) throw new TypeError('the value has no JSON form');
  return text;
}

/** Fields that are undefined are absent, as in every JSON text. */
function canonicalObject(value: object): string {
  const fields = Object.entries(value)
    .filter(([, inner]) => inner !== undefined)
    .toSorted(([left], [right]) => (left < right ? -1 : 1))
    .map(([key, inner]) => `${JSON.stringify(key)}:${canonicalJson(inner)}`);
  return `{${fields.join(',')}}`;
}

function isJsonScalar(value: unknown): boolean {
  if (typeof value === 'number') return Number.isFinite(value);
  return value === null || typeof value === 'string' || typeof value === 'boolean';
}
