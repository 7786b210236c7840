/**
 * FNV-1a over UTF-16 units (http://www.isthe.com/chongo/tech/comp/fnv/) with the finaliser of MurmurHash3, so
 * that short strings spread over all bits. Not a cryptographic hash.
 * @returns an unsigned 32-bit integer
 */
export function hash32(text: string, seed: number): number {
  let hash = (0x811c9dc5 ^ seed) >>> 0;
  for (let index = 0; index < text.length; index += 1) {
    hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
  }
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}
