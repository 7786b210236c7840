import { JOB_BUDGET } from '../../domain/budget.ts';
import type { NanoUsd } from '../../domain/money.ts';
import type { DeclinedCall } from '../../engine/attempts/settlement.ts';
import type { Machine } from '../ports/runtime.ts';

/** How long a call waits for what other attempts of its job hold of the job's own budget. */
const JOB_PAUSE_MS = 2_000;

export type Needs = {
  /** What its attempt was handed out with. */
  readonly allowanceNanoUsd: NanoUsd;
  /** What it may cost at most, or needs at least; null where that is not known. */
  readonly estimateNanoUsd: NanoUsd | null;
  /** For a child job: as much is of use to it. */
  readonly wantsNanoUsd?: NanoUsd | undefined;
};

/** A call, or a child job, that may cost more than its job has left for it is not made: what follows, the engine decides. */
export function overAllowance(
  { nowMs }: Pick<Machine, 'nowMs'>,
  reason: 'budget' | 'budget_unpriced',
  { allowanceNanoUsd, estimateNanoUsd, wantsNanoUsd }: Needs,
): DeclinedCall {
  const refusal = {
    budgetId: JOB_BUDGET,
    onExceed: 'reject',
    limitNanoUsd: allowanceNanoUsd,
    spentNanoUsd: 0,
    reservedNanoUsd: 0,
    estimateNanoUsd,
    resetsAtMs: null,
  } as const;
  const wants = wantsNanoUsd === undefined ? {} : { wantsNanoUsd };
  return { ok: 'declined', reason, refusal, ...wants, untilAtMs: nowMs() + JOB_PAUSE_MS };
}
