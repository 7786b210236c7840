import type { Json } from '../../domain/json.ts';
import { isoTime } from '../../domain/wire.ts';
import { formatUsd, type NanoUsd } from '../../domain/money.ts';
import type { PlannedStep } from '../../engine/plan/plan.ts';
import { attemptsMax } from '../../engine/plan/worst-case.ts';
import type { TargetDesk } from '../ports/targets/target-desk.ts';
import { targetState } from '../targets/target-state.ts';
import type {
  CostExplanation,
  StepExplanation,
  TargetExplanation,
} from '../views/explanation-schema.ts';
import type { ModelForecast, TargetForecast } from './foresight/foresee-model.ts';
import type { StepForecast } from './foresight/foresee-step.ts';
import { foreseeStepBudget, type BudgetOutlook } from './budgets/foresee-budgets.ts';
import { hedgeView } from './routes/hedge-view.ts';
import type { StepCost } from './costs/step-cost.ts';
import { shownMessages, shownValue } from './shown-values.ts';

export type Included = 'request' | 'outputs';

export type Shown = {
  readonly desk: Pick<TargetDesk, 'request'>;
  readonly include: readonly Included[];
  /** What counts the job's calls. */
  readonly outlook: BudgetOutlook;
  /** By step, in milliseconds. */
  readonly worstCaseMs: ReadonlyMap<string, number>;
};

const FREE: StepCost = { estimatedNanoUsd: 0, atMostNanoUsd: 0, unknown: [] };

export function explainStep(
  step: PlannedStep,
  forecast: StepForecast,
  shown: Shown,
): StepExplanation {
  const { verdict, failure, model, items, unknownInput } = forecast;
  return {
    id: step.id,
    uses: step.definition.uses,
    runs: verdict.runs,
    because: becauseOf(verdict),
    items,
    unknown_input: unknownInput,
    error: failure === null ? null : { class: failure.class, message: failure.message },
    attempts_at_most: verdict.runs === false ? 0 : attemptsMax(step),
    targets: targetsOf(model, shown),
    order: orderOf(model),
    hedge: hedgeView(step, model?.targets ?? []),
    prompt: promptOf(model),
    cache: cacheView(model),
    budget: budgetOf(forecast, shown),
    child: forecast.child?.explained?.view ?? null,
    ...outputOf(forecast, shown),
    cost: verdict.runs === false ? null : costView(costOfStep(step, forecast)),
    worst_case_ms: shown.worstCaseMs.get(step.id) ?? 0,
  };
}

function budgetOf(forecast: StepForecast, { outlook }: Shown): StepExplanation['budget'] {
  const { model, verdict } = forecast;
  if (model === null || verdict.runs === false || asksNobody(forecast)) return null;
  return foreseeStepBudget(outlook, model, model.targets.filter(isAskable));
}

function becauseOf({ code, message, condition }: StepForecast['verdict']) {
  return { code, message, ...(condition === undefined ? {} : { condition }) };
}

function promptOf(model: ModelForecast | null): Json {
  return model?.call?.kind === 'chat' ? shownMessages(model.call) : null;
}

function cacheView(model: ModelForecast | null): StepExplanation['cache'] {
  const cache = model?.cache ?? null;
  if (cache === null) return null;
  const { mode, hit, found } = cache;
  return {
    mode,
    hit,
    job_id: found?.jobId ?? null,
    recorded_at: found === null ? null : isoTime(found.createdAtMs),
    saved_usd: found === null || found.costNanoUsd === null ? null : formatUsd(found.costNanoUsd),
  };
}

function outputOf({ foreseen: { output } }: StepForecast, { include }: Shown) {
  const shows = output.known && include.includes('outputs');
  return {
    output_known: output.known,
    ...(shows ? { output_value: shownValue(output.value) } : {}),
  };
}

function orderOf(model: ModelForecast | null): StepExplanation['order'] {
  if (model === null) return null;
  const { unknownOrder, variesByJob } = model.route;
  return { unknown: unknownOrder, varies_by_job: variesByJob };
}

function targetsOf(model: ModelForecast | null, shown: Shown): TargetExplanation[] {
  const targets = model?.targets ?? [];
  const first = targets.find(({ skip }) => skip === null) ?? targets.find(isAskable);
  return targets.map((target) => targetExplanation(target, shown, target === first));
}

function targetExplanation(
  target: TargetForecast,
  shown: Shown,
  isFirst: boolean,
): TargetExplanation {
  const { skip, call, forecast } = target;
  const { provider, model } = target.target;
  return {
    provider,
    model,
    index: target.index,
    asked: skip === null,
    passed_over: skip,
    state: targetState(target.view, target.health),
    compared_by: comparedView(target.compared),
    dropped: [...(call?.dropped ?? [])],
    reserve_usd: reserveOf(target),
    tokens: tokensView(forecast),
    cost: forecast === null ? null : costView(costOfTarget(target)),
    price_version: forecast?.priceVersion ?? null,
    ...requestOf(target, shown, isFirst),
  };
}

function reserveOf({ forecast, reserveNanoUsd }: TargetForecast): string | null {
  return forecast === null || reserveNanoUsd === null ? null : formatUsd(reserveNanoUsd);
}

function comparedView(compared: TargetForecast['compared']): TargetExplanation['compared_by'] {
  if (compared === null) return null;
  const { nanoUsdPerMTok, priceSource, latencyMs } = compared;
  return {
    usd_per_million_tokens: nanoUsdPerMTok === null ? null : formatUsd(nanoUsdPerMTok),
    price_source: priceSource,
    latency_ms: latencyMs,
  };
}

/** Of the target that would be asked first; of the first that may be asked later, where all are closed now. */
function requestOf({ call, target }: TargetForecast, { desk, include }: Shown, isFirst: boolean) {
  if (!isFirst || !include.includes('request') || call === null) return {};
  return { request: call.adapter === null ? null : desk.request(target.provider, call.call) };
}

function tokensView(forecast: TargetForecast['forecast']): TargetExplanation['tokens'] {
  if (forecast === null) return null;
  const { inputTokens, outputTokensMax } = forecast;
  return {
    input_estimated: inputTokens.estimated,
    input_at_most: inputTokens.atMost,
    output_at_most: outputTokensMax,
  };
}

function costOfTarget({ estimatedNanoUsd, atMostNanoUsd, unknown }: TargetForecast): StepCost {
  return { estimatedNanoUsd, atMostNanoUsd, unknown: unknown === null ? [] : [unknown] };
}

/** What a step would cost; only models and child jobs cost anything. */
export function costOfStep(step: PlannedStep, forecast: StepForecast): StepCost {
  const { model, unknownInput, items } = forecast;
  if (forecast.verdict.runs === false) return FREE;
  if (step.definition.uses === 'pipeline') return costOfChild(step, forecast);
  if (model === null || asksNobody(forecast)) return FREE;
  if (unknownInput !== null) return localOnly(model) ? FREE : unknownCost(unknownInput);
  return costOfModel(model, items);
}

/** What the child would cost, at most as often as its step may try. */
function costOfChild(step: PlannedStep, { child, failure, items }: StepForecast): StepCost {
  if (asksNobody({ failure, items })) return FREE;
  if (items !== null && items > 1) return unknownCost('what the children of a map cost');
  if (child?.explained == null) return unknownCost('what another pipeline costs');
  const { estimatedNanoUsd, atMostNanoUsd, unknown } = child.explained.cost;
  return {
    estimatedNanoUsd,
    atMostNanoUsd: atMostNanoUsd === null ? null : atMostNanoUsd * attemptsMax(step),
    unknown,
  };
}

function asksNobody({ failure, items }: Pick<StepForecast, 'failure' | 'items'>): boolean {
  return failure !== null || items === 0;
}

/** What is taken over from the cache costs nothing; of a map only the first item is looked for there. */
function costOfModel({ targets, cache }: ModelForecast, items: number | null): StepCost {
  const askable = targets.filter(isAskable);
  // One that is closed for the moment is waited for where no other is asked.
  const first = askable.find(({ skip }) => skip === null) ?? askable[0];
  const unknown = askable.flatMap(({ target: { provider, model }, unknown: why }) =>
    why === null ? [] : `${provider}/${model}: ${why}`,
  );
  return {
    estimatedNanoUsd:
      first === undefined || (cache?.hit === true && items === null) ? 0 : first.estimatedNanoUsd,
    atMostNanoUsd: askable.map(({ atMostNanoUsd }) => atMostNanoUsd).reduce(larger, 0),
    unknown: [...new Set(unknown)],
  };
}

/** True for a target that may be asked now or later: one that is closed for the moment may be open again by then. */
export function isAskable({ skip, view }: TargetForecast): boolean {
  return view.usable && (skip === null || skip.reason === 'closed');
}

export function localOnly({ targets }: ModelForecast): boolean {
  return targets.every(({ view }) => !view.usable || view.local);
}

function unknownCost(why: string): StepCost {
  return { estimatedNanoUsd: null, atMostNanoUsd: null, unknown: [why] };
}

function larger(left: NanoUsd | null, right: NanoUsd | null): NanoUsd | null {
  return left === null || right === null ? null : Math.max(left, right);
}

export function costView({ estimatedNanoUsd, atMostNanoUsd, unknown }: StepCost): CostExplanation {
  return {
    estimated_usd: estimatedNanoUsd === null ? null : formatUsd(estimatedNanoUsd),
    at_most_usd: atMostNanoUsd === null ? null : formatUsd(atMostNanoUsd),
    unknown: [...unknown],
  };
}
