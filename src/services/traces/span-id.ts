import type { JobId } from '../../domain/ids.ts';
import type { Machine } from '../ports/runtime.ts';

/** Hexadecimal digits of a span's id in the W3C trace context. */
const SPAN_ID_DIGITS = 16;

/**
 * The span of a part of a job, the same whoever asks and however often: what is exported twice coincides, and a
 * provider's own spans hang below the attempt that called it. `part` is `job`, `step:<id>`, or an attempt's key.
 */
export async function spanIdOf(
  { sha256 }: Pick<Machine, 'sha256'>,
  jobId: JobId,
  part: string,
): Promise<string> {
  return (await sha256(`span\n${jobId}\n${part}`)).slice(0, SPAN_ID_DIGITS);
}
