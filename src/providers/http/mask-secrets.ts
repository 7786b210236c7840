/** What keys of the known vendors look like, for a key that is not ours but should not be shown either. */
const keyLike = /\b(?:(?:sk|gsk|pk|rk|r8|xai|tgp|jina|pa)[-_][\w-]{8,}|AIza[\w-]{16,})/g;
const bearer = /\bBearer\s+[^\s"',;]+/gi;

/** Takes secrets out of a text that someone else wrote. */
export function maskSecrets(text: string, secrets: readonly string[]): string {
  let masked = text;
  for (const secret of secrets) {
    if (secret !== '') masked = masked.replaceAll(secret, '***');
  }
  return masked.replaceAll(bearer, 'Bearer ***').replaceAll(keyLike, '***');
}
