import type { ToldEvents } from '../../services/ports/webhooks.ts';
import type { Ranges } from './tables.ts';

/** The ranges with what is told now; messages come twice, late and in any order. */
export function withTold(
  ranges: Ranges,
  { before, firstSeq, lastSeq }: Omit<ToldEvents, 'jobId'>,
): Ranges {
  const all = [...ranges, [1, before] as const, [firstSeq, lastSeq] as const]
    .filter(([first, last]) => last >= first)
    .toSorted(([left], [right]) => left - right);
  const apart: [number, number][] = [];
  for (const [first, last] of all) {
    const known = apart.at(-1);
    if (known !== undefined && first <= known[1] + 1) known[1] = Math.max(known[1], last);
    else apart.push([first, last]);
  }
  return apart;
}

/** Up to this event everything was told. */
export function toldUpTo([first]: Ranges): number {
  return first !== undefined && first[0] === 1 ? first[1] : 0;
}
