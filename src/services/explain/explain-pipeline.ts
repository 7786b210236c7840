import type { Actor } from '../../domain/access.ts';
import type { Violation } from '../../domain/job/failure.ts';
import type { Json } from '../../domain/json.ts';
import { jsonPointer } from '../../domain/json.ts';
import { parsePipelineReference } from '../../domain/definition/pipeline-reference.ts';
import type { ProjectPrice } from '../../domain/model/price.ts';
import type { Plan, PlannedStep } from '../../engine/plan/plan.ts';
import { worstCaseOf, type WorstCase } from '../../engine/plan/worst-case.ts';
import { missingScope } from '../access/require-scope.ts';
import { inputFilesRefusal } from '../files/check-input-files.ts';
import { inputRefusal } from '../jobs/create-job.ts';
import { jobFlow } from '../jobs/job-flow.ts';
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
import { done, refuse, refuseAt, type Result } from '../result.ts';
import { lineageFailure } from '../run/lineage-failure.ts';
import { controlValues } from '../values/control-values.ts';
import type { ExplanationView } from '../views/explanation-schema.ts';
import {
  notAccepted,
  NOT_LOOKED_INTO,
  type ChildForecast,
  type ChildOrder,
} from './foresee-child.ts';
import { openBudget, type CharacterBudget } from './foresee-inputs.ts';
import type { ModelDeps } from './foresee-model.ts';
import { foreseeStep, type StepForecast } from './foresee-step.ts';
import type { ForeseenOutput, ForeseenStep, Foresight } from './foresight.ts';
import { rememberFiles } from './remember-files.ts';
import { sumOf, type StepCost } from './step-cost.ts';
import { costOfStep, costView, explainStep, type Included } from './step-explanation.ts';

export type ExplainDeps = {
  readonly pipelines: Pipelines;
  readonly plans: PlanCache;
  readonly providers: Providers;
  readonly desk: TargetDesk;
  readonly files?: Pick<Files, 'head'>;
  readonly prices?: Pick<Prices, 'list'>;
  readonly caches?: ResultCaches;
  readonly machine: Pick<Machine, 'nowMs' | 'sha256' | 'wait'>;
};

export type ExplainInput = {
  /** `name`, or `name@3`. */
  readonly pipeline: string;
  readonly version: number | null;
  readonly input: Json;
  readonly metadata: Readonly<Record<string, string>>;
  /** Samples of what steps put out, by step id. */
  readonly outputs: Readonly<Record<string, Json>>;
  readonly include: readonly Included[];
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
  };
  return done((await explainFound(deps, actor, { found: found.value, explain, nesting })).view);
}

type Explained = { readonly view: ExplanationView; readonly cost: StepCost };

type Asked = {
  readonly found: FoundPipeline;
  readonly explain: ExplainInput;
  readonly nesting: Nesting;
};

async function explainFound(deps: ExplainDeps, actor: Actor, asked: Asked): Promise<Explained> {
  const { found, explain } = asked;
  const { plan, version } = found;
  const errors = await submitErrors(deps, actor, found, explain);
  const forecasts = await foreseeAll(deps, actor, asked);
  const { jobMs, steps } = worstCase(deps, plan, forecasts);
  const worstCaseMs = new Map(steps.map(({ step, ms }) => [step, ms]));
  const shown = { desk: deps.desk, include: explain.include, worstCaseMs };
  const rows = plan.steps.map((step) => ({ step, forecast: of(forecasts, step.id) }));
  const cost = sumOf(rows.map(({ step, forecast }) => countedCost(step, forecast)));
  const view: ExplanationView = {
    object: 'explanation',
    pipeline: version.name,
    version: version.version,
    definition_hash: version.hash,
    accepted: errors.length === 0,
    errors: [...errors],
    steps: rows.map(({ step, forecast }) => explainStep(step, forecast, shown)),
    cost: costView(cost),
    worst_case_ms: jobMs,
    queue_timeout_ms: plan.queueTimeoutMs,
    job_timeout_ms: plan.jobTimeoutMs,
  };
  return { view, cost };
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

async function findExplained(
  deps: ExplainDeps,
  { project }: Actor,
  { pipeline, version }: ExplainInput,
): Promise<Result<FoundPipeline>> {
  const named = parsePipelineReference(pipeline);
  if (version !== null && named.version !== null && named.version !== version) {
    const message = `is ${version}, and the path says ${named.version}; make them equal or leave one out`;
    return refuseAt('invalid_request', '/version', message);
  }
  const wanted = version ?? named.version;
  const reference = wanted === null ? named.name : `${named.name}@${wanted}`;
  return findPipeline(deps, project, reference, version === null ? '/path/name' : '/version');
}

function strayOutputs(
  { byId }: FoundPipeline['plan'],
  { outputs }: ExplainInput,
): Result<never> | null {
  const violations = Object.keys(outputs)
    .filter((id) => !byId.has(id))
    .map((id) => {
      const message = `there is no step ${JSON.stringify(id)}; there are ${[...byId.keys()].join(', ')}`;
      return { pointer: jsonPointer(['outputs', id]), code: 'reference', message };
    });
  if (violations.length === 0) return null;
  return refuse('invalid_request', 'a sample is given for a step that there is not', {
    violations,
  });
}

/** Everything that a submit of the input would be refused for. */
async function submitErrors(
  { files }: ExplainDeps,
  { project }: Actor,
  found: FoundPipeline,
  { input, metadata }: ExplainInput,
): Promise<readonly Violation[]> {
  const { plan } = found;
  const schema = plan.definition.input?.schema;
  const control = controlValues(plan.inputReports, input, 1);
  const large = control.ok
    ? null
    : refuseAt('payload_too_large', '/input', control.failure.message);
  const named =
    files === undefined || schema === undefined
      ? null
      : await inputFilesRefusal(files, project, schema, input);
  const flow = jobFlow(found, { input, metadata, priority: null, projectLimit: null });
  const refusals = [inputRefusal(found, input), large, named, flow];
  return refusals.flatMap((refusal) =>
    refusal === null || refusal.ok ? [] : (refusal.failure.violations ?? []),
  );
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
  const { lineage, budget, children } = nesting;
  const refused = lineageFailure(lineage, pipeline);
  if (refused !== null) return { explained: null, failure: refused };
  if (children.left <= 0) return NOT_LOOKED_INTO;
  children.left -= 1;
  const found = await findPipeline(deps, actor.project, pipeline, '/with/pipeline');
  if (!found.ok) return { explained: null, failure: notAccepted(found.failure.message) };
  const explained = await explainFound(deps, actor, {
    found: found.value,
    explain: { ...explain, pipeline, version: null, input, outputs: {} },
    nesting: { lineage: [...lineage, found.value.version.name], budget, children },
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
