import type { Actor } from '../../domain/access.ts';
import { isCounted, periodAt, type Budget, type ChargedTo } from '../../domain/budget.ts';
import type { ProjectId } from '../../domain/ids.ts';
import { formatUsd } from '../../domain/money.ts';
import { isModelStepKind } from '../../domain/definition/step-kinds.ts';
import { isoTime } from '../../domain/wire.ts';
import type { Plan, PlannedStep } from '../../engine/plan/plan.ts';
import type { FoundPipeline } from '../pipelines/find-pipeline.ts';
import type { Budgets, BudgetStanding } from '../ports/budgets.ts';
import { errorName, type Log } from '../ports/log.ts';
import type { Providers } from '../ports/targets/providers.ts';
import type { Machine } from '../ports/runtime.ts';
import { refuse, type Result } from '../result.ts';

export type BudgetRefusalDeps = {
  readonly budgets?: Pick<Budgets, 'list'>;
  /** How budgets stood a moment ago. Absent where nobody is refused early. */
  readonly standings?: RecentStandings;
  readonly providers?: Pick<Providers, 'get'>;
  readonly machine: Pick<Machine, 'nowMs'>;
  readonly log?: Log;
};

export type RecentStandings = (
  project: ProjectId,
  budgets: readonly Budget[],
) => Promise<readonly BudgetStanding[]>;

type NewJob = { readonly found: FoundPipeline; readonly chargedTo: ChargedTo };

/**
 * Refuses a job that would only fail: it has to pay, and the limit of a budget that rejects what does not fit is spent.
 * Only a courtesy: it goes by how budgets stood a moment ago, and each call is held against them anyway.
 */
export async function budgetRefusal(
  deps: BudgetRefusalDeps,
  { project }: Actor,
  job: NewJob,
): Promise<Result<never> | null> {
  const { budgets, standings, machine, log } = deps;
  if (budgets === undefined || standings === undefined) return null;
  try {
    const rejecting = (await budgets.list(project)).filter(
      ({ isHard, onExceed }) => isHard && onExceed === 'reject',
    );
    const counting = rejecting.filter(({ scope }) => isCounted(scope, chargedOf(job)));
    if (counting.length === 0 || !mustPay(deps, job.found.plan)) return null;
    const known = new Map((await standings(project, rejecting)).map((each) => [each.id, each]));
    for (const budget of counting) {
      const standing = known.get(budget.id);
      if (standing !== undefined && isSpent(budget, standing))
        return exhausted(budget, standing, machine.nowMs());
    }
  } catch (error) {
    log?.('warn', 'budgets.unread', { project, error: errorName(error) });
  }
  return null;
}

function chargedOf({ found, chargedTo: { apiKey, tags } }: NewJob) {
  return { pipelines: [found.version.name], apiKey, tags };
}

function isSpent({ limitNanoUsd }: Budget, { paidNanoUsd, assumedNanoUsd }: BudgetStanding) {
  return paidNanoUsd + assumedNanoUsd >= limitNanoUsd;
}

/**
 * True when a step is sure to run and nothing that could serve it is free; what is cached may be. A provider that is not
 * configured serves nothing.
 */
function mustPay({ providers }: BudgetRefusalDeps, plan: Plan): boolean {
  return plan.steps.some(({ definition, route, ...step }) => {
    if (!isModelStepKind(definition.uses) || route === null || definition.cache !== undefined)
      return false;
    const adapters = route.targets.flatMap(({ provider }) => providers?.get(provider) ?? []);
    const isPaid = adapters.length > 0 && adapters.every(({ capabilities: { local } }) => !local);
    return isPaid && isSure(plan, { ...step, definition, route });
  });
}

function isSure(plan: Plan, { condition, forEach, handles, needs }: PlannedStep): boolean {
  if (condition !== null || forEach !== null || handles !== null) return false;
  return needs.every((id) => {
    const step = plan.byId.get(id);
    return step !== undefined && isSure(plan, step);
  });
}

function exhausted(budget: Budget, standing: BudgetStanding, nowMs: number): Result<never> {
  const { id, name, limitNanoUsd, period } = budget;
  const { endMs } = periodAt(period, nowMs);
  const spentUsd = formatUsd(standing.paidNanoUsd + standing.assumedNanoUsd);
  const resetsAt = endMs === null ? null : isoTime(endMs);
  const [until, wait] =
    resetsAt === null ? ['', ''] : [`, until ${resetsAt}`, ', or wait until then'];
  const message = `the budget ${id} (${JSON.stringify(name)}) has spent $${spentUsd} of its $${formatUsd(limitNanoUsd)}${until}; raise its limit with PATCH /v1/budgets/${id}${wait}`;
  return refuse('budget_exceeded', message, {
    budget: {
      id,
      limit_usd: formatUsd(limitNanoUsd),
      spent_usd: spentUsd,
      reserved_usd: formatUsd(standing.reservedNanoUsd),
      resets_at: resetsAt,
    },
  });
}
