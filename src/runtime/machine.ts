import { v7 } from 'uuid';

import type { Secrets } from '../services/ports/access.ts';
import type { Machine } from '../services/ports/runtime.ts';

const encoder = new TextEncoder();

async function sha256(text: string): Promise<string> {
  const digest = await crypto.subtle.digest('SHA-256', encoder.encode(text));
  return hex(digest);
}

const HEX_BYTES = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'));

function hex(buffer: ArrayBuffer): string {
  let text = '';
  for (const byte of new Uint8Array(buffer)) text += HEX_BYTES[byte];
  return text;
}

/** Time, randomness and hashing as a Worker has them. Its clock stands still while it computes. */
export const machine: Machine = {
  nowMs: () => Date.now(),
  newUuid: () => v7(),
  sha256,
  wait(ms, signal) {
    return new Promise((resolve) => {
      if (signal?.aborted === true) {
        resolve();
        return;
      }
      const timer = setTimeout(finish, ms);
      function finish(): void {
        clearTimeout(timer);
        signal?.removeEventListener('abort', finish);
        resolve();
      }
      signal?.addEventListener('abort', finish);
    });
  },
};

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
      const bytes = crypto.getRandomValues(new Uint8Array(32));
      return btoa(String.fromCharCode(...bytes))
        .replaceAll('+', '-')
        .replaceAll('/', '_')
        .replaceAll('=', '');
    },
  };
}
