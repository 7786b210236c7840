/** What keys of the known vendors look like, for a key that is not ours but should not be shown either. */
const keyLike = /\b(?:(?:sk|gsk|pk|rk|r8|xai|tgp|jina|pa|whsec)[-_][\w-]{8,}|AIza[\w-]{16,})/g;
/** fal's keys are an id and a secret. */
const falKey = /\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}:[0-9a-f]{16,}/gi;
const bearer = /\bBearer\s+[^\s"',;]+/gi;

/** Takes secrets out of a text that someone else wrote. */
export function maskSecrets(text: string, secrets: readonly string[]): string {
  let masked = text;
  for (const secret of secrets) {
    if (secret !== '') masked = masked.replaceAll(secret, '***');
  }
  return masked
    .replaceAll(falKey, '***')
    .replaceAll(bearer, 'Bearer ***')
    .replaceAll(keyLike, '***');
}
