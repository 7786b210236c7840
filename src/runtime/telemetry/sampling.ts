/** Whether something belongs to the sample: decided by its key alone, so that all that shares a key is in or out. */
export type Sample = (key: string) => boolean;

const FNV_OFFSET = 0x81_1c_9d_c5;
const FNV_PRIME = 0x01_00_01_93;
const HASHES = 2 ** 32;

/** A sample of about this share of all keys, from 0 to 1; a larger share holds every key of a smaller one. */
export function sampleOf(share: number): Sample {
  if (share >= 1) return () => true;
  return (key) => hashOf(key) < share * HASHES;
}

/** A share as a setting has it, such as `0.1`; everything for one that is not a number from 0 to 1. */
export function shareOf(text = ''): number {
  // A blank is no number, whatever the language makes of it.
  const share = text.trim() === '' ? 1 : Number(text);
  return share >= 0 && share <= 1 ? share : 1;
}

/** FNV-1a over the characters, mixed once more so that keys that end alike do not lie side by side. */
function hashOf(key: string): number {
  let hash = FNV_OFFSET;
  for (let index = 0; index < key.length; index += 1) {
    hash = Math.imul(hash ^ key.charCodeAt(index), FNV_PRIME);
  }
  hash = Math.imul(hash ^ (hash >>> 16), 0x85_eb_ca_6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2_b2_ae_35);
  return (hash ^ (hash >>> 16)) >>> 0;
}
