import { periodAt } from '../../domain/budget.ts';
import type { ProjectId } from '../../domain/ids.ts';
import type { BudgetLedgers, BudgetStanding } from '../ports/budgets.ts';
import type { Machine } from '../ports/runtime.ts';
import { termsOf } from './counted-budgets.ts';
import type { RecentStandings } from './submit-refusal.ts';

/** So long an isolate goes by what it has heard. */
const KEPT_MS = 2_000;
const PROJECTS_MAX = 1_000;

type Known = {
  /** Which budgets, and which of their periods. */
  readonly ids: string;
  readonly standings: readonly BudgetStanding[];
  readonly atMs: number;
};

/** How budgets stood a moment ago, so that not every submit asks their ledger. */
export function makeRecentStandings(
  ledgers: BudgetLedgers,
  { nowMs }: { readonly nowMs: Machine['nowMs'] },
): RecentStandings {
  const recent = new Map<ProjectId, Known>();
  return async (project, budgets) => {
    const atMs = nowMs();
    // What was spent of a period that is over says nothing of the next one.
    const ids = budgets.map(({ id, period }) => `${id}@${periodAt(period, atMs).startMs}`).join();
    const known = recent.get(project);
    if (known?.ids === ids && atMs - known.atMs < KEPT_MS) return known.standings;
    const standings = await ledgers.of(project).standing(budgets.map(termsOf));
    if (recent.size >= PROJECTS_MAX) recent.clear();
    recent.set(project, { ids, standings, atMs });
    return standings;
  };
}
