/** How surprising the characters of a text are on average, in bits (Shannon). */
export function entropyBits(text: string): number {
  const counts = new Map<string, number>();
  const characters = Array.from(text);
  for (const character of characters) counts.set(character, (counts.get(character) ?? 0) + 1);
  const total = characters.length;
  let bits = 0;
  for (const count of counts.values()) bits -= (count / total) * Math.log2(count / total);
  return bits;
}

export function hasDigitAndLetter(text: string): boolean {
  return /\d/.test(text) && /\p{L}/u.test(text);
}

/** Small letters, capitals and digits together: what generators make and people seldom write. */
export function isMixedCase(text: string): boolean {
  return /\d/.test(text) && /[a-z]/.test(text) && /[A-Z]/.test(text);
}
