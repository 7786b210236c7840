import canonicalize from 'canonicalize';

/**
 * The canonical JSON text of a value (RFC 8785): equal values give equal texts, whatever the order of their
 * keys. What hashes are taken over.
 */
export function canonicalJson(value: unknown): string {
  const text = canonicalize(value);
  if (text === undefined) throw new TypeError('the value has no JSON form');
  return text;
}
