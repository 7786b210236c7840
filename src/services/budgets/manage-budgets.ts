import type { Actor } from '../../domain/access.ts';
import type { Budget, BudgetScope } from '../../domain/budget.ts';
import type { ProjectId } from '../../domain/ids.ts';
import { missingScope } from '../access/require-scope.ts';
import { audited, type AuditDeps } from '../audit/audited.ts';
import type { AccessStore } from '../ports/access.ts';
import type { BudgetLedgers, Budgets, BudgetStanding, BudgetUpdate } from '../ports/budgets.ts';
import { errorName, type Log } from '../ports/log.ts';
import type { Pipelines } from '../ports/pipelines.ts';
import { done, refuse, refuseAt, type Result } from '../result.ts';
import { nanoUsdOf, scopeOf, type BudgetChange, type BudgetInput } from './budget-input.ts';
import { termsOf } from './counted-budgets.ts';

export type BudgetDeps = AuditDeps & {
  readonly budgets: Budgets;
  readonly ledgers: BudgetLedgers;
  readonly pipelines: Pick<Pipelines, 'head'>;
  readonly access: Pick<AccessStore, 'findKey'>;
  readonly log: Log;
};

/** A budget and how it stands in its present period. */
export type StandingBudget = { readonly budget: Budget; readonly standing: BudgetStanding };

/** All are read for every paid call. */
const BUDGETS_MAX = 100;

export async function createBudget(
  deps: BudgetDeps,
  actor: Actor,
  input: BudgetInput,
): Promise<Result<StandingBudget>> {
  const scope = scopeOf(input.scope);
  const refused = missingScope(actor, 'budgets:write') ?? (await unknownScope(deps, actor, scope));
  if (refused !== null) return refused;
  const { project, id: createdBy } = actor;
  const nowMs = deps.machine.nowMs();
  const budget: Budget = {
    id: `bud_${deps.machine.newUuid().replaceAll('-', '')}`,
    project,
    name: input.name,
    scope,
    period: input.period,
    limitNanoUsd: nanoUsdOf(input.limit_usd),
    isHard: input.hard,
    onExceed: input.on_exceed,
    warnAt: input.warn_at,
    createdAtMs: nowMs,
    createdBy,
    updatedAtMs: nowMs,
  };
  const deed = { action: 'budget.create', subject: budget.id } as const;
  return audited(deps, actor, deed, () => store(deps, budget));
}

async function store(deps: BudgetDeps, budget: Budget): Promise<Result<StandingBudget>> {
  const known = await deps.budgets.list(budget.project);
  if (known.length >= BUDGETS_MAX) {
    const message = `the project has ${BUDGETS_MAX} budgets, which is as many as it may have; delete one`;
    return refuseAt('conflict', '/', message);
  }
  const put = await deps.budgets.add(budget);
  if (put.kind === 'overlap') {
    const { id, name, period } = put.other;
    const message = `the budget ${id} (${JSON.stringify(name)}) counts the same calls by the ${period}: change it with PATCH /v1/budgets/${id}, or delete it`;
    return refuseAt('conflict', '/period', message);
  }
  return done({ budget, standing: nothingSpent(budget.id) });
}

function nothingSpent(id: string): BudgetStanding {
  return { id, paidNanoUsd: 0, assumedNanoUsd: 0, reservedNanoUsd: 0, unknownCalls: 0 };
}

/** A budget that could never count anything is a slip. */
async function unknownScope(
  { pipelines, access }: BudgetDeps,
  { project }: Actor,
  { kind, value }: BudgetScope,
): Promise<Result<never> | null> {
  const named = JSON.stringify(value);
  if (kind === 'pipeline' && (await pipelines.head(project, value, null)) === null) {
    const message = `there is no pipeline ${named} in this project; GET /v1/pipelines lists them`;
    return refuseAt('unprocessable', '/scope/pipeline', message);
  }
  if (kind === 'api_key' && value !== 'root') {
    const key = await access.findKey(value);
    if (key?.project === project) return null;
    const message = `there is no API key with the id ${named} in this project; GET /v1/api-keys lists them`;
    return refuseAt('unprocessable', '/scope/api_key', message);
  }
  return null;
}

export async function listBudgets(
  deps: Pick<BudgetDeps, 'budgets' | 'ledgers' | 'log'>,
  actor: Actor,
): Promise<Result<readonly StandingBudget[]>> {
  const refused = missingScope(actor, 'budgets:read');
  return refused ?? withStandings(deps, actor, await deps.budgets.list(actor.project));
}

export async function getBudget(
  deps: Pick<BudgetDeps, 'budgets' | 'ledgers' | 'log'>,
  actor: Actor,
  id: string,
): Promise<Result<StandingBudget>> {
  const refused = missingScope(actor, 'budgets:read');
  if (refused !== null) return refused;
  const found = await find(deps, actor, id);
  return found.ok ? first(await withStandings(deps, actor, [found.value])) : found;
}

/** Replaces the fields that are given. Calls under way keep the room that they have. */
export async function changeBudget(
  deps: BudgetDeps,
  actor: Actor,
  id: string,
  change: BudgetChange,
): Promise<Result<StandingBudget>> {
  const refused = missingScope(actor, 'budgets:write');
  if (refused !== null) return refused;
  const found = await find(deps, actor, id);
  if (!found.ok) return found;
  const update = { ...updateOf(change), updatedAtMs: deps.machine.nowMs() };
  const deed = { action: 'budget.change', subject: id } as const;
  return audited(deps, actor, deed, async () => {
    const changed = await deps.budgets.update(actor.project, id, update);
    return changed === null ? noSuchBudget(id) : first(await withStandings(deps, actor, [changed]));
  });
}

function updateOf({
  name,
  limit_usd: limitUsd,
  hard: isHard,
  on_exceed: onExceed,
  warn_at: warnAt,
}: BudgetChange): Omit<BudgetUpdate, 'updatedAtMs'> {
  return {
    ...(name === undefined ? {} : { name }),
    ...(limitUsd === undefined ? {} : { limitNanoUsd: nanoUsdOf(limitUsd) }),
    ...(isHard === undefined ? {} : { isHard }),
    ...(onExceed === undefined ? {} : { onExceed }),
    ...(warnAt === undefined ? {} : { warnAt }),
  };
}

/** What it has counted goes with it. */
export async function deleteBudget(
  deps: BudgetDeps,
  actor: Actor,
  id: string,
): Promise<Result<null>> {
  const refused = missingScope(actor, 'budgets:write');
  if (refused !== null) return refused;
  const deed = { action: 'budget.delete', subject: id } as const;
  return audited(deps, actor, deed, async () => {
    if (!(await deps.budgets.delete(actor.project, id))) return noSuchBudget(id);
    try {
      await deps.ledgers.of(actor.project).forget(id);
    } catch (error) {
      // A few sums of a budget that nobody asks for any more.
      deps.log('warn', 'budget.not_forgotten', { budget: id, error: errorName(error) });
    }
    return done(null);
  });
}

async function find(
  { budgets }: Pick<BudgetDeps, 'budgets'>,
  { project }: Actor,
  id: string,
): Promise<Result<Budget>> {
  const budget = (await budgets.list(project)).find((each) => each.id === id);
  return budget === undefined ? noSuchBudget(id) : done(budget);
}

function noSuchBudget(id: string): Result<never> {
  const message = `there is no budget ${JSON.stringify(id.slice(0, 80))} in this project; GET /v1/budgets lists them`;
  return refuseAt('not_found', '/path/budget_id', message);
}

function first<Value>(found: Result<readonly Value[]>): Result<Value> {
  if (!found.ok) return found;
  const [value] = found.value;
  return value === undefined ? refuse('internal', 'the budget is gone') : done(value);
}

/** Budgets as their ledger knows them. Throws where it does not answer. */
export async function standingsOf(
  ledgers: BudgetLedgers,
  project: ProjectId,
  budgets: readonly Budget[],
): Promise<readonly StandingBudget[]> {
  if (budgets.length === 0) return [];
  const standings = await ledgers.of(project).standing(budgets.map(termsOf));
  const byId = new Map(standings.map((standing) => [standing.id, standing]));
  return budgets.map((budget) => ({
    budget,
    standing: byId.get(budget.id) ?? nothingSpent(budget.id),
  }));
}

async function withStandings(
  { ledgers, log }: Pick<BudgetDeps, 'ledgers' | 'log'>,
  { project }: Actor,
  budgets: readonly Budget[],
): Promise<Result<readonly StandingBudget[]>> {
  try {
    return done(await standingsOf(ledgers, project, budgets));
  } catch (error) {
    log('warn', 'budget.silent', { project, error: errorName(error) });
    const message = 'what was spent of the budgets cannot be read at the moment; ask again';
    return refuse('unavailable', message, { retryAfterMs: 1_000 });
  }
}
