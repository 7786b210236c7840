import { countOne, type Counts } from '../../domain/spread.ts';
import { signOf } from '../../domain/model/target-gate.ts';
import type { CallEnd, EndedCalls, FailedCalls, Permit } from '../ports/targets/target-gates.ts';

/** Ended calls that the gate has not been told of yet, by the epoch that let them through. */
export type Tally = Map<number, EndedCalls>;

function nothing(epoch: number): EndedCalls {
  const counts: Counts = [];
  const none = { good: 0, none: 0, failed: [], tokensBeyond: 0 };
  return { epoch, ...none, latencyMs: counts, timeToFirstTokenMs: counts };
}

export function count(tally: Tally, permit: Permit, end: CallEnd): void {
  const before = tally.get(permit.epoch) ?? nothing(permit.epoch);
  const { result, usedTokens, timeToFirstTokenMs } = end;
  const beyond = usedTokens === undefined ? 0 : usedTokens - permit.estimatedTokens;
  const sign = signOf(result);
  const timed = result === 'succeeded';
  const tookMs = timeOf(end);
  tally.set(permit.epoch, {
    epoch: permit.epoch,
    good: before.good + (result === 'succeeded' ? 1 : 0),
    none: before.none + (sign === 'none' ? 1 : 0),
    failed: sign === 'none' ? before.failed : withFailure(before.failed, end),
    tokensBeyond: before.tokensBeyond + beyond,
    latencyMs: tookMs === undefined ? before.latencyMs : countOne(before.latencyMs, tookMs),
    timeToFirstTokenMs:
      timed && timeToFirstTokenMs !== undefined
        ? countOne(before.timeToFirstTokenMs, timeToFirstTokenMs)
        : before.timeToFirstTokenMs,
  });
}

/**
 * Refusals are quick; they say nothing about how long an answer takes. Calls that were overtaken do: without them the slow
 * ones would never be counted where second targets are asked, and those be asked ever sooner.
 */
function timeOf({ result, latencyMs, overtakenAfterMs }: CallEnd): number | undefined {
  return result === 'succeeded' ? latencyMs : overtakenAfterMs;
}

function withFailure(
  failed: readonly FailedCalls[],
  { result, retryAfterMs }: CallEnd,
): readonly FailedCalls[] {
  if (result === 'succeeded') return failed;
  const known = failed.find((each) => each.class === result.class);
  const others = failed.filter((each) => each !== known);
  const asked = [known?.retryAfterMs ?? null, retryAfterMs ?? null].filter((ms) => ms !== null);
  return [
    ...others,
    {
      class: result.class,
      count: (known?.count ?? 0) + 1,
      retryAfterMs: asked.length === 0 ? null : Math.max(...asked),
    },
  ];
}
