import type { Json } from '../../../domain/json.ts';
import type { Objects } from '../../ports/values/objects.ts';

/** Parsed, a value takes several times as much memory as its text, and an isolate has 128 MB. */
const BYTES_MAX = 12 * 1024 * 1024;

/**
 * Objects whose recent reads are kept for as long as a turn lasts: the items of a map mostly read the same list.
 * What is read is shared, so it must not be changed.
 */
export function withRecentReads(objects: Objects): Objects {
  const recent = new Map<
    string,
    { readonly bytes: number; readonly value: Promise<Json | null> }
  >();
  let bytes = 0;

  function forget(key: string): void {
    bytes -= recent.get(key)?.bytes ?? 0;
    recent.delete(key);
  }

  return {
    ...objects,
    get(stored) {
      const { key } = stored;
      const known = recent.get(key);
      const entry = known ?? { bytes: stored.bytes, value: objects.get(stored) };
      if (known !== undefined) forget(key);
      else entry.value.catch(() => forget(key));
      recent.set(key, entry);
      bytes += entry.bytes;
      for (const oldest of recent.keys()) {
        if (bytes <= BYTES_MAX || oldest === key) break;
        forget(oldest);
      }
      return entry.value;
    },
  };
}
