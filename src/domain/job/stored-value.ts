/** Where a payload lies and how to recognise it: what events and states hold instead of the payload. */
export type StoredValue = {
  /** `row`: in the job's shard, under `key`; `r2`: an object named `key`. */
  readonly at: 'row' | 'r2';
  readonly key: string;
  /** Length of the compact JSON text in UTF-8 bytes. */
  readonly bytes: number;
  /** SHA-256 of the compact JSON text, in hexadecimal. */
  readonly sha256: string;
};
