import type { StoredValue } from '../../../domain/job/stored-value.ts';
import { formatUsd, type CostSum } from '../../../domain/money.ts';
import { isoTime } from '../../../domain/wire.ts';

export function timeOrNull(ms: number | null): string | null {
  return ms === null ? null : isoTime(ms);
}

/** Exact dollars as text beside the integer they come from; attempts without a known price are counted. */
export function costView({ nanoUsd, unpricedAttempts }: CostSum) {
  return { nano_usd: nanoUsd, usd: formatUsd(nanoUsd), unpriced_attempts: unpricedAttempts };
}

/** What a value is, without saying it. */
export function storedView({ bytes, sha256 }: StoredValue) {
  return { bytes, sha256 };
}
