import type { BudgetTerms } from '../../domain/budget.ts';
import { formatUsd } from '../../domain/money.ts';
import type { ProjectId } from '../../domain/ids.ts';
import type { Announcement } from '../../domain/webhook.ts';
import type { Log } from '../../services/ports/log.ts';

/** Something about a budget that people want to know, once a period and limit. */
export type BudgetNotice = {
  readonly terms: BudgetTerms;
  readonly startMs: number;
  /** The share of the limit that was reached; null when a call was refused. */
  readonly threshold: number | null;
  readonly spentNanoUsd: number;
  readonly atMs: number;
};

/** One line, once a threshold and period. */
export function logNotice(
  log: Log,
  project: string,
  { terms, threshold, spentNanoUsd }: BudgetNotice,
): void {
  log('warn', threshold === null ? 'budget.exceeded' : 'budget.warning', {
    project,
    budget: terms.id,
    threshold,
    spent_nano_usd: spentNanoUsd,
    limit_nano_usd: terms.limitNanoUsd,
  });
}

export function announcementOf(
  project: ProjectId,
  { terms, startMs, threshold, spentNanoUsd, atMs }: BudgetNotice,
): Announcement {
  // Whoever keeps apart what was told by its id must not take one share, or one limit, for another.
  const what = threshold === null ? 'exceeded' : `at_${String(threshold).replace('.', '_')}`;
  return {
    id: `evt_${project}_${terms.id}_${startMs}_${terms.limitNanoUsd}_${what}`,
    type: threshold === null ? 'alert.budget_exceeded' : 'alert.budget_threshold',
    atMs,
    jobId: null,
    seq: null,
    data: {
      budget: terms.id,
      period: terms.period,
      limit_usd: formatUsd(terms.limitNanoUsd),
      spent_usd: formatUsd(spentNanoUsd),
      ...(threshold === null ? { on_exceed: terms.onExceed } : { threshold }),
    },
  };
}
