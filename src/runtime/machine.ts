import { v7 } from 'uuid';

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
