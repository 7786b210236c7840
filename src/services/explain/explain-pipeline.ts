import type { Actor } from '../../domain/access.ts';
import type { Violation } from '../../domain/failure.ts';
import type { Json } from '../../domain/json.ts';
import { jsonPointer } from '../../domain/json.ts';
import { parsePipelineReference } from '../../domain/pipeline-reference.ts';
import type { ProjectPrice } from '../../domain/price.ts';
import type { Plan, PlannedStep } from '../../engine/plan.ts';
import { worstCaseOf, type WorstCase } from '../../engine/worst-case.ts';
import { missingScope } from '../access/require-scope.ts';
import { inputFilesRefusal } from '../files/check-input-files.ts';
import { inputRefusal } from '../jobs/create-job.ts';
import { jobFlow } from '../jobs/job-flow.ts';
import { findPipeline, type FoundPipeline } from '../pipelines/find-pipeline.ts';
import { isTicketed } from '../pipelines/definition-checks/worst-case.ts';
import type { PlanCache } from '../pipelines/plan-cache.ts';
import type { Files } from '../ports/files.ts';
import type { Pipelines } from '../ports/pipelines.ts';
import type { Prices } from '../ports/prices.ts';
import type { Providers } from '../ports/providers.ts';
import type { ResultCaches } from '../ports/result-cache.ts';
import type { Machine } from '../ports/runtime.ts';
import type { TargetDesk } from '../ports/target-desk.ts';
import { done, refuse, refuseAt, type Result } from '../result.ts';
import { controlValues } from '../values/control-values.ts';
import type { ExplanationView } from '../views/explanation-schema.ts';
import { openBudget } from './foresee-inputs.ts';
import type { ModelDeps } from './foresee-model.ts';
import { foreseeStep, type StepForecast } from './foresee-step.ts';
import type { ForeseenOutput, ForeseenStep, Foresight } from './foresight.ts';
import { rememberFiles } from './remember-files.ts';
import {
  costOfStep,
  costView,
  explainStep,
  type Included,
  type StepCost,
} from './step-explanation.ts';

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
  const { plan, version } = found.value;
  const stray = strayOutputs(plan, explain);
  if (stray !== null) return stray;
  const errors = await submitErrors(deps, actor, found.value, explain);
  const forecasts = await foreseeAll(deps, actor, found.value, explain);
  const { jobMs, steps } = worstCase(deps, plan, forecasts);
  const worstCaseMs = new Map(steps.map(({ step, ms }) => [step, ms]));
  const shown = { desk: deps.desk, include: explain.include, worstCaseMs };
  const rows = plan.steps.map((step) => ({ step, forecast: of(forecasts, step.id) }));
  const costs = rows.map(({ step, forecast }) => countedCost(step, forecast));
  return done({
    object: 'explanation',
    pipeline: version.name,
    version: version.version,
    definition_hash: version.hash,
    accepted: errors.length === 0,
    errors: [...errors],
    steps: rows.map(({ step, forecast }) => explainStep(step, forecast, shown)),
    cost: costView(sumOf(costs)),
    worst_case_ms: jobMs,
    queue_timeout_ms: plan.queueTimeoutMs,
    job_timeout_ms: plan.jobTimeoutMs,
  });
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
  { plan, version }: FoundPipeline,
  { input, metadata, outputs }: ExplainInput,
): Promise<Forecasts> {
  const model = await modelDeps(deps, actor);
  const steps = new Map<string, ForeseenStep>();
  const job = { pipeline: version.name, version: version.version };
  const foresight: Foresight = { plan, input, metadata, job, steps };
  const forecasts = new Map<string, StepForecast>();
  for (const step of plan.steps) {
    const value = Object.hasOwn(outputs, step.id) ? outputs[step.id] : undefined;
    const sample: ForeseenOutput = value === undefined ? { known: false } : { known: true, value };
    const forecast = await foreseeStep(model, foresight, step, sample);
    forecasts.set(step.id, forecast);
    steps.set(step.id, forecast.foreseen);
  }
  return forecasts;
}

async function modelDeps(
  { providers, desk, files, prices, caches, machine }: ExplainDeps,
  { project }: Actor,
): Promise<ModelDeps> {
  return {
    providers,
    project,
    desk,
    machine,
    nowMs: machine.nowMs(),
    budget: openBudget(CHARACTERS_MAX),
    projectPrices: prices === undefined ? [] : await readPrices(prices, project),
    ...(caches === undefined ? {} : { caches }),
    ...(files === undefined ? {} : { files: rememberFiles(files) }),
  };
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

function sumOf(costs: readonly StepCost[]): StepCost {
  return costs.reduce(
    (sum, cost) => ({
      estimatedNanoUsd: plus(sum.estimatedNanoUsd, cost.estimatedNanoUsd),
      atMostNanoUsd: plus(sum.atMostNanoUsd, cost.atMostNanoUsd),
      unknown: [...sum.unknown, ...cost.unknown],
    }),
    { estimatedNanoUsd: 0, atMostNanoUsd: 0, unknown: [] },
  );
}

function plus(left: number | null, right: number | null): number | null {
  return left === null || right === null ? null : left + right;
}
