/**
 * A token bucket for a limit per minute. It is filled a little slower than the limit allows, because a permit is used
 * up to two seconds after it was given, and holds no more than a twenty-fifth of a minute's worth: in any ten minutes
 * at most four tenths of a per cent more than the limit goes through, and nothing more than it where the limit is small.
 */
export type Bucket = {
  readonly level: number;
  readonly atMs: number;
};

/** Ten minutes and two and a half seconds hold as much as ten minutes may. */
const MINUTE_MS = 60_250;
/** How much ahead of what was given is written down, so that not every gift is. */
const AHEAD_MS = 5_000;

function capacityOf(perMinute: number): number {
  return Math.max(1, perMinute / 25);
}

export function fullBucket(perMinute: number, nowMs: number): Bucket {
  return { level: capacityOf(perMinute), atMs: nowMs };
}

export function filled({ level, atMs }: Bucket, perMinute: number, nowMs: number): Bucket {
  const passedMs = Math.max(0, nowMs - atMs);
  const more = (passedMs * perMinute) / MINUTE_MS;
  return { level: Math.min(capacityOf(perMinute), level + more), atMs: Math.max(atMs, nowMs) };
}

/** How long until the bucket holds enough to begin with. What is more than it ever holds begins with a full one. */
export function waitFor({ level }: Bucket, perMinute: number, first: number): number {
  // A thousandth of one is what arithmetic loses over time.
  const missing = Math.min(first, capacityOf(perMinute)) - level - 0.001;
  return missing <= 0 ? 0 : Math.max(1, Math.ceil((missing * MINUTE_MS) / perMinute));
}

export function taken({ level, atMs }: Bucket, amount: number, perMinute: number): Bucket {
  return { level: Math.min(capacityOf(perMinute), level - amount), atMs };
}

/** How long the limit takes to allow one more. */
export function spacingMs(perMinute: number): number {
  return MINUTE_MS / perMinute;
}

/**
 * What to write down so that an object that has forgotten everything else gives no more than it may: the bucket as it
 * would be if it gave for some time ahead. Null when what is written down holds still.
 */
export function toStore(bucket: Bucket, stored: Bucket | null, perMinute: number): Bucket | null {
  if (stored !== null && filled(stored, perMinute, bucket.atMs).level <= bucket.level) return null;
  return taken(bucket, (AHEAD_MS * perMinute) / MINUTE_MS, perMinute);
}
