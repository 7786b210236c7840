import type { Actor } from '../../domain/access.ts';
import type { NanoUsd } from '../../domain/money.ts';
import type { ProjectPrice } from '../../domain/model/price.ts';
import { maxCostNanoUsd } from '../../engine/attempts/job-budget.ts';
import type { Plan, PlannedStep } from '../../engine/plan/plan.ts';
import { worstCaseOf, type WorstCase } from '../../engine/plan/worst-case.ts';
import { missingScope } from '../access/require-scope.ts';
import { budgetRefusal, type RecentStandings } from '../budgets/submit-refusal.ts';
import { findPipeline, type FoundPipeline } from '../pipelines/find-pipeline.ts';
import { isTicketed } from '../pipelines/definition-checks/worst-case.ts';
import type { PlanCache } from '../pipelines/plan-cache.ts';
import type { Files } from '../ports/values/files.ts';
import type { Pipelines } from '../ports/pipelines.ts';
import type { Prices } from '../ports/prices.ts';
import type { Providers } from '../ports/targets/providers.ts';
import type { ResultCaches } from '../ports/values/result-cache.ts';
import type { Machine } from '../ports/runtime.ts';
import type { TargetDesk } from '../ports/targets/target-desk.ts';
import { done, type Result } from '../result.ts';
import { lineageFailure } from '../run/lineage-failure.ts';
import type { ExplanationView } from '../views/explanation-schema.ts';
import {
  budgetsExplanation,
  outlookOf,
  readBudgets,
  withLimit,
  type BudgetReadDeps,
  type KnownBudgets,
} from './budgets/foresee-budgets.ts';
import {
  notAccepted,
  NOT_LOOKED_INTO,
  type ChildForecast,
  type ChildOrder,
  type Explained,
} from './foresight/foresee-child.ts';
import {
  findExplained,
  strayOutputs,
  submitErrors,
  type ExplainInput,
} from './explained-request.ts';
import { openBudget, type CharacterBudget } from './foresight/foresee-inputs.ts';
import type { ModelDeps } from './foresight/foresee-model.ts';
import { foreseeStep, type StepForecast } from './foresight/foresee-step.ts';
import type { ForeseenOutput, ForeseenStep, Foresight } from './foresight/foresight.ts';
import { jobBounds } from './budgets/job-bounds.ts';
import { rememberFiles } from './remember-files.ts';
import { sumOf, type StepCost } from './costs/step-cost.ts';
import { costOfStep, costView, explainStep } from './step-explanation.ts';

export type ExplainDeps = BudgetReadDeps & {
  readonly pipelines: Pipelines;
  readonly plans: PlanCache;
  readonly providers: Providers;
  readonly desk: TargetDesk;
  readonly files?: Pick<Files, 'head'>;
  readonly prices?: Pick<Prices, 'list'>;
  readonly caches?: ResultCaches;
  readonly standings?: RecentStandings;
  readonly machine: Pick<Machine, 'nowMs' | 'sha256' | 'wait'>;
};

/** What one explanation fills in, computes and looks at, in characters of JSON. */
const CHARACTERS_MAX = 8_000_000;

/** How many pipelines that steps run as children one explanation looks into. */
const CHILDREN_MAX = 10;

/** What an explanation shares with those of the children in it. */
type Nesting = {
  /** The pipelines from the outermost down to the one that is explained. */
  readonly lineage: readonly string[];
  readonly budget: CharacterBudget;
  readonly children: { left: number };
  /** The project's budgets, and the limits of the pipelines above. */
  readonly known: KnownBudgets;
  readonly limits: readonly NanoUsd[];
};

/** Says what a job of this input would do and cost. Nothing is run that costs anything, nothing is sent or stored. */
export async function explainPipeline(
  deps: ExplainDeps,
  actor: Actor,
  explain: ExplainInput,
): Promise<Result<ExplanationView>> {
  const refused = missingScope(actor, 'pipelines:read');
  if (refused !== null) return refused;
  const found = await findExplained(deps, actor, explain);
  if (!found.ok) return found;
  const stray = strayOutputs(found.value.plan, explain);
  if (stray !== null) return stray;
  const nesting = {
    lineage: [found.value.version.name],
    budget: openBudget(CHARACTERS_MAX),
    children: { left: CHILDREN_MAX },
    known: await readBudgets(deps, actor),
    limits: [],
  };
  return done((await explainFound(deps, actor, { found: found.value, explain, nesting })).view);
}

type Asked = {
  readonly found: FoundPipeline;
  readonly explain: ExplainInput;
  readonly nesting: Nesting;
};

async function explainFound(deps: ExplainDeps, actor: Actor, asked: Asked): Promise<Explained> {
  const { found, explain, nesting } = asked;
  const { plan, version } = found;
  const { known, lineage } = nesting;
  const limits = withLimit(nesting.limits, plan);
  const { tags } = explain;
  const nowMs = deps.machine.nowMs();
  const outlook = outlookOf(actor, { known, lineage, tags, limits, nowMs });
  const inside = { ...asked, nesting: { ...nesting, limits } };
  const errors = await submitErrors(deps, actor, found, explain);
  const forecasts = await foreseeAll(deps, actor, inside);
  const { jobMs, steps } = worstCase(deps, plan, forecasts);
  const worstCaseMs = new Map(steps.map(({ step, ms }) => [step, ms]));
  const shown = { desk: deps.desk, include: explain.include, worstCaseMs, outlook };
  const rows = plan.steps.map((step) => ({ step, forecast: of(forecasts, step.id) }));
  const cost = sumOf(rows.map(({ step, forecast }) => countedCost(step, forecast)));
  const explained = rows.map(({ step, forecast }) => explainStep(step, forecast, shown));
  const boundsNanoUsd = jobBounds(rows);
  const view: ExplanationView = {
    object: 'explanation',
    pipeline: version.name,
    version: version.version,
    definition_hash: version.hash,
    accepted: errors.length === 0,
    errors: [...errors],
    steps: explained,
    cost: costView(cost),
    worst_case_ms: jobMs,
    queue_timeout_ms: plan.queueTimeoutMs,
    job_timeout_ms: plan.jobTimeoutMs,
    budgets: budgetsExplanation(outlook, {
      steps: [
        ...explained.map(({ budget }) => budget?.forecast ?? null),
        ...rows.map(({ forecast }) => forecast.child?.explained?.view.budgets.forecast ?? null),
      ],
      boundsNanoUsd,
      refusedAtDoor: lineage.length > 1 ? null : await isRefused(deps, actor, asked),
    }),
  };
  return { view, cost, boundsNanoUsd, maxCostNanoUsd: maxCostNanoUsd(plan.definition) };
}

/** What a submit would be told. */
async function isRefused(
  deps: ExplainDeps,
  actor: Actor,
  { found, explain: { tags }, nesting }: Asked,
): Promise<boolean | null> {
  if (nesting.known === null) return null;
  const chargedTo = { apiKey: actor.id, tags };
  return (await budgetRefusal(deps, actor, { found, chargedTo })) !== null;
}

type Forecasts = ReadonlyMap<string, StepForecast>;

function worstCase({ providers }: ExplainDeps, plan: Plan, forecasts: Forecasts): WorstCase {
  return worstCaseOf(plan, (step, targetIndex) => isTicketed(step, targetIndex, providers), {
    leavesOut: (id) => of(forecasts, id).verdict.runs === false,
    itemsOf: (id) => of(forecasts, id).items,
  });
}

function of(forecasts: Forecasts, id: string): StepForecast {
  const forecast = forecasts.get(id);
  if (forecast === undefined) throw new Error(`the step ${id} was not looked at`);
  return forecast;
}

async function foreseeAll(
  deps: ExplainDeps,
  actor: Actor,
  { found: { plan, version }, explain, nesting }: Asked,
): Promise<Forecasts> {
  const { input, metadata, outputs } = explain;
  const model = await modelDeps(deps, actor, nesting.budget);
  const explainChild = (child: ChildOrder) =>
    foreseeChild(deps, actor, { child, explain, nesting });
  const steps = new Map<string, ForeseenStep>();
  const job = { pipeline: version.name, version: version.version };
  const foresight: Foresight = { plan, input, metadata, job, steps };
  const forecasts = new Map<string, StepForecast>();
  for (const step of plan.steps) {
    const value = Object.hasOwn(outputs, step.id) ? outputs[step.id] : undefined;
    const sample: ForeseenOutput = value === undefined ? { known: false } : { known: true, value };
    const forecast = await foreseeStep({ ...model, explainChild }, foresight, step, sample);
    forecasts.set(step.id, forecast);
    steps.set(step.id, forecast.foreseen);
  }
  return forecasts;
}

async function modelDeps(
  { providers, desk, files, prices, caches, machine }: ExplainDeps,
  { project }: Actor,
  budget: CharacterBudget,
): Promise<ModelDeps> {
  return {
    providers,
    project,
    desk,
    machine,
    nowMs: machine.nowMs(),
    budget,
    projectPrices: prices === undefined ? [] : await readPrices(prices, project),
    ...(caches === undefined ? {} : { caches }),
    ...(files === undefined ? {} : { files: rememberFiles(files) }),
  };
}

type ChildAsked = {
  readonly child: ChildOrder;
  readonly explain: ExplainInput;
  readonly nesting: Nesting;
};

/** What the job would do that a `pipeline` step stands for. */
async function foreseeChild(
  deps: ExplainDeps,
  actor: Actor,
  { child: { pipeline, input }, explain, nesting }: ChildAsked,
): Promise<ChildForecast> {
  const { lineage, children } = nesting;
  const refused = lineageFailure(lineage, pipeline);
  if (refused !== null) return { explained: null, failure: refused };
  if (children.left <= 0) return NOT_LOOKED_INTO;
  children.left -= 1;
  const found = await findPipeline(deps, actor.project, pipeline, '/with/pipeline');
  if (!found.ok) return { explained: null, failure: notAccepted(found.failure.message) };
  const explained = await explainFound(deps, actor, {
    found: found.value,
    explain: { ...explain, pipeline, version: null, input, outputs: {} },
    nesting: { ...nesting, lineage: [...lineage, found.value.version.name] },
  });
  const [error] = explained.view.errors;
  return { explained, failure: error === undefined ? null : notAccepted(error.message) };
}

/** Null when they cannot be read: no other price is to be trusted then. */
async function readPrices(
  prices: Pick<Prices, 'list'>,
  project: Actor['project'],
): Promise<readonly ProjectPrice[] | null> {
  try {
    return await prices.list(project);
  } catch {
    return null;
  }
}

/** A step of which it is not known whether it runs counts among what may be spent, and not among what is expected. */
function countedCost(step: PlannedStep, forecast: StepForecast): StepCost {
  const cost = costOfStep(step, forecast);
  return {
    ...cost,
    estimatedNanoUsd: forecast.verdict.runs === null ? 0 : cost.estimatedNanoUsd,
    unknown: cost.unknown.map((why) => `${step.id}: ${why}`),
  };
}
