/**
 * Draws without chance: the same seed gives the same number, and numbers of different seeds are spread like random
 * ones. For choices that have to come out alike whoever makes them, and however often. Not for secrets.
 */

/** A number between 0 and 1, neither of them included, that a text decides. */
export function drawOf(seed: string): number {
  let [high, low] = [0x9e3779b9, 0x85ebca6b];
  for (let index = 0; index < seed.length; index += 1) {
    const unit = seed.charCodeAt(index);
    high = Math.imul(high ^ unit, 0x01000193);
    low = Math.imul(low ^ unit, 0x5bd1e995) ^ (low >>> 15);
  }
  const [upper, lower] = [scatter(high ^ (low >>> 7)), scatter(low ^ Math.imul(high, 0x27d4eb2f))];
  // 53 bits, the middle of each of their classes.
  return ((upper >>> 5) * 2 ** 26 + (lower >>> 6) + 0.5) / 2 ** 53;
}

/** The finalizer of MurmurHash3 (Austin Appleby, public domain): every bit of the input moves every bit of the output. */
function scatter(bits: number): number {
  let mixed = bits;
  mixed = Math.imul(mixed ^ (mixed >>> 16), 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  return (mixed ^ (mixed >>> 16)) >>> 0;
}

/**
 * The rank of a choice among others of which each has a weight: they are taken in ascending order of their ranks. The
 * first one is then a weighted draw, and leaving one out moves nobody but those that it had (weighted rendezvous
 * hashing: the ranks are exponentially distributed with the weights as their rates).
 */
export function rankOf(seed: string, name: string, weight: number): number {
  return weight <= 0 ? Number.POSITIVE_INFINITY : -Math.log(drawOf(`${seed}\n${name}`)) / weight;
}
