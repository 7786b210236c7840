/** An IP address as its 4 or 16 bytes. */
export type Address = readonly number[];

/**
 * Reads an address in its usual form: dotted decimal for IPv4; RFC 4291 for IPv6, with `::` and with a dotted end, without
 * brackets and without a zone. Null for everything else: other spellings (octal, hexadecimal, short forms) are the
 * business of the URL parser, which turns them into this one.
 */
export function parseAddress(text: string): Address | null {
  return text.includes(':') ? parseV6(text) : parseV4(text);
}

function parseV4(text: string): number[] | null {
  const parts = text.split('.');
  if (parts.length !== 4) return null;
  // A leading zero means octal to some and decimal to others.
  if (!parts.every((part) => /^(0|[1-9]\d{0,2})$/.test(part))) return null;
  const bytes = parts.map(Number);
  return bytes.every((byte) => byte <= 255) ? bytes : null;
}

function parseV6(text: string): number[] | null {
  const halves = text.split('::');
  if (halves.length > 2) return null;
  const [left, right] = halves.map((half, index) => groups(half, index === halves.length - 1));
  if (left === undefined || left === null || right === null) return null;
  if (right === undefined) return left.length === 16 ? left : null;
  const missing = 16 - left.length - right.length;
  return missing >= 2 ? [...left, ...Array.from({ length: missing }, () => 0), ...right] : null;
}

/** The bytes of groups between colons; the last one may be dotted where the address ends. */
function groups(text: string, isEnd: boolean): number[] | null {
  if (text === '') return [];
  const parts = text.split(':');
  const bytes: number[] = [];
  for (const [index, part] of parts.entries()) {
    const dotted = isEnd && index === parts.length - 1 && part.includes('.');
    const group = dotted ? parseV4(part) : hextet(part);
    if (group === null) return null;
    bytes.push(...group);
  }
  return bytes.length <= 16 ? bytes : null;
}

function hextet(text: string): number[] | null {
  if (!/^[0-9a-f]{1,4}$/i.test(text)) return null;
  const value = Number.parseInt(text, 16);
  return [value >> 8, value & 255];
}
