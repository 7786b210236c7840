import type { StopSignal } from '../stop.ts';

/** What services take from the machine they run on: time, randomness and hashing. */
export type Machine = {
  nowMs(): number;
  /** A new UUIDv7 as text. */
  newUuid(): string;
  /** SHA-256 of the text's UTF-8 bytes, in hexadecimal. */
  sha256(text: string): Promise<string>;
  /** Resolves after the time has passed, or at once when the signal aborts. */
  wait(ms: number, signal?: StopSignal): Promise<void>;
};
