import { bytesToBase64Url } from '../domain/bytes.ts';
import type { Secrets } from '../services/ports/access.ts';

const encoder = new TextEncoder();

/** Comparing and making secrets. */
export function makeSecrets(rootKey: string | null): Secrets {
  return {
    rootKey,
    async equal(left, right) {
      // Hashes are of equal length whatever the texts are, and comparing them tells nothing of where they differ.
      const [leftHash, rightHash] = await Promise.all([
        crypto.subtle.digest('SHA-256', encoder.encode(left)),
        crypto.subtle.digest('SHA-256', encoder.encode(right)),
      ]);
      return crypto.subtle.timingSafeEqual(leftHash, rightHash);
    },
    random() {
      return bytesToBase64Url(crypto.getRandomValues(new Uint8Array(32)));
    },
  };
}
