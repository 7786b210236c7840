import type { Failure, Outcome } from '../../../domain/job/failure.ts';
import type { Json } from '../../../domain/json.ts';
import type { ModelCall } from '../../../domain/model/model-call.ts';
import type { NanoUsd } from '../../../domain/money.ts';
import type { ProjectPrice } from '../../../domain/model/price.ts';
import type { ModelStepKind } from '../../../domain/definition/step-kinds.ts';
import type { PlannedStep } from '../../../engine/plan/plan.ts';
import { noTargetFailure } from '../../../engine/routes/routing.ts';
import { attemptsMax } from '../../../engine/plan/worst-case.ts';
import type { TargetDesk } from '../../ports/targets/target-desk.ts';
import { forecastCall, type CallForecast } from '../costs/call-cost.ts';
import { foreseeCache, type CacheDeps, type CacheForecast } from './foresee-cache.ts';
import { foreseeCall, type CallDeps, type ForeseenCall } from './foreseen-calls.ts';
import { TOO_MUCH, type CharacterBudget } from './foresee-inputs.ts';
import type { Foresight } from './foresight.ts';
import { routeView, type RouteTarget, type RouteView } from '../routes/route-view.ts';

export type ModelDeps = CallDeps &
  CacheDeps & {
    readonly desk: TargetDesk;
    readonly projectPrices: readonly ProjectPrice[] | null;
    readonly nowMs: number;
    readonly budget: CharacterBudget;
  };

/** What a target would be sent, for the first item of a map, and what that would cost for all of them. */
export type TargetForecast = RouteTarget & {
  readonly call: ForeseenCall | null;
  readonly forecast: CallForecast | null;
  /** Of all items, one call each. */
  readonly estimatedNanoUsd: NanoUsd | null;
  /** Of all items, with every attempt that may be made. */
  readonly atMostNanoUsd: NanoUsd | null;
  /** What room a budget would hold for the first item's call; null where it has no known price. */
  readonly reserveNanoUsd: NanoUsd | null;
  /** Of all items, one call each. */
  readonly reservesNanoUsd: NanoUsd | null;
  readonly unknown: string | null;
};

export type ModelForecast = {
  readonly route: Pick<RouteView, 'unknownOrder' | 'variesByJob'>;
  readonly targets: readonly TargetForecast[];
  /** The call as it would be if everything were configured; null when it is not known. */
  readonly call: ModelCall | null;
  /** A mistake that every target would meet. */
  readonly failure: Failure | null;
  /** Null for a step without a cache, and where the call is not known. */
  readonly cache: CacheForecast | null;
};

/** What a model step would do with these inputs; with none, only which targets it would ask. */
export async function foreseeModel(
  deps: ModelDeps,
  foresight: Foresight,
  {
    step,
    uses,
    inputs,
  }: {
    readonly step: PlannedStep;
    readonly uses: ModelStepKind;
    readonly inputs: readonly Json[] | null;
  },
): Promise<ModelForecast> {
  const given = inputs ?? [];
  const made = await callsOf(deps, step, uses, given);
  const call = made.flatMap((one) => (one.ok ? [one.value.call] : []))[0] ?? null;
  const item = step.forEach === null ? null : 0;
  const { desk, projectPrices, nowMs } = deps;
  const route = await routeView({ desk, foresight, projectPrices, nowMs }, step, item);
  const targets: TargetForecast[] = [];
  for (const target of route.targets) {
    targets.push(
      await targetForecast(deps, { step, uses, inputs: given }, target, made[target.index]),
    );
  }
  const failure = made.flatMap((one) =>
    one.ok || isOfTarget(one.failure) ? [] : [one.failure],
  )[0];
  const cache = await cacheOf(deps, { step, uses, inputs: given }, targets);
  return { route, targets, call, failure: failure ?? noTarget(route, targets), cache };
}

/** Of the target that is asked first: its cache is looked into before its gate is asked. */
async function cacheOf(
  deps: ModelDeps,
  { step, uses }: Asked,
  targets: readonly TargetForecast[],
): Promise<CacheForecast | null> {
  const first = targets.find(({ skip }) => skip === null || skip.reason === 'closed');
  if (first === undefined || first.call === null) return null;
  return foreseeCache(deps, step, uses, { target: first.target, made: first.call });
}

/** A step fails when none of its targets can ever serve it; one that is closed for the moment is waited for. */
function noTarget(
  { unknownOrder }: ModelForecast['route'],
  targets: readonly TargetForecast[],
): Failure | null {
  const asked = targets.filter(({ skip }) => skip?.reason !== 'not_in_order');
  const skipped = asked.flatMap(({ target, skip }) =>
    skip === null || skip.reason === 'closed' ? [] : [{ target, reason: skip.message }],
  );
  if (unknownOrder !== null || skipped.length < asked.length) return null;
  return noTargetFailure({ chosen: null, skipped });
}

/** The call of the first input to each target of the route, by its place; none without an input. */
async function callsOf(
  deps: ModelDeps,
  { route, ...step }: PlannedStep,
  uses: ModelStepKind,
  [input]: readonly Json[],
): Promise<readonly Outcome<ForeseenCall>[]> {
  if (input === undefined || route === null) return [];
  return Promise.all(
    route.targets.map((_, targetIndex) =>
      foreseeCall(deps, { route, ...step }, uses, { targetIndex, input }),
    ),
  );
}

/** True for a failure that another target may not meet. */
function isOfTarget(failure: Failure): boolean {
  return failure.class === 'unsupported_parameter' || failure.class === 'context_length';
}

type Asked = {
  readonly step: PlannedStep;
  readonly uses: ModelStepKind;
  readonly inputs: readonly Json[];
};
type Made = Outcome<ForeseenCall> | undefined;

async function targetForecast(
  deps: ModelDeps,
  asked: Asked,
  target: RouteTarget,
  made: Made,
): Promise<TargetForecast> {
  const nothing = { call: null, forecast: null, ...NOTHING_KNOWN };
  if (made === undefined) return { ...target, ...nothing, unknown: null };
  if (!made.ok) {
    const { message } = made.failure;
    const skip =
      target.skip ?? (isOfTarget(made.failure) ? { reason: 'capability' as const, message } : null);
    return { ...target, ...nothing, skip, unknown: message };
  }
  const { adapter, call } = made.value;
  if (adapter === null) return { ...target, ...nothing, call: made.value, unknown: null };
  const serves = adapter.capabilities.kinds.includes(call.kind);
  const cannot = {
    reason: 'capability' as const,
    message: `${adapter.id} does not serve ${asked.uses}`,
  };
  const costs = await costsOf(deps, asked, target, made.value);
  return { ...target, skip: target.skip ?? (serves ? null : cannot), call: made.value, ...costs };
}

type Costs = Sums & Pick<TargetForecast, 'forecast' | 'reserveNanoUsd'>;

const NOTHING_KNOWN = {
  estimatedNanoUsd: null,
  atMostNanoUsd: null,
  reserveNanoUsd: null,
  reservesNanoUsd: null,
};

/** Adds the calls of all items up. */
async function costsOf(
  deps: ModelDeps,
  asked: Asked,
  target: RouteTarget,
  first: ForeseenCall,
): Promise<Costs> {
  const { step, uses, inputs } = asked;
  const forecast = forecastOf(deps, step, target, first.call);
  const attempts = attemptsMax(step);
  const { reserveNanoUsd } = forecast;
  const known = { forecast, reserveNanoUsd };
  const nothing = { estimatedNanoUsd: 0, atMostNanoUsd: 0, reservesNanoUsd: 0, unknown: null };
  let sums = addTo(nothing, forecast, attempts);
  for (const input of inputs.slice(1)) {
    const made = await foreseeCall(deps, step, uses, { targetIndex: target.index, input });
    if (!made.ok) {
      return { ...known, ...UNKNOWN_SUMS, unknown: made.failure.message };
    }
    const next = forecastOf(deps, step, target, made.value.call);
    if (!deps.budget.spendCharacters(next.inputTokens.atMost)) return { ...known, ...LEFT_OUT };
    sums = addTo(sums, next, attempts);
  }
  return { ...known, ...sums };
}

type Sums = Pick<
  TargetForecast,
  'estimatedNanoUsd' | 'atMostNanoUsd' | 'reservesNanoUsd' | 'unknown'
>;

const UNKNOWN_SUMS = { estimatedNanoUsd: null, atMostNanoUsd: null, reservesNanoUsd: null };

/** Templates may make much of little. */
const LEFT_OUT: Sums = {
  ...UNKNOWN_SUMS,
  unknown: `the cost ${TOO_MUCH}`,
};

function addTo(sums: Sums, forecast: CallForecast, attempts: number): Sums {
  const { estimatedNanoUsd, atMostNanoUsd, unknown } = forecast;
  return {
    estimatedNanoUsd: plus(sums.estimatedNanoUsd, estimatedNanoUsd, 1),
    atMostNanoUsd: plus(sums.atMostNanoUsd, atMostNanoUsd, attempts),
    reservesNanoUsd: plus(sums.reservesNanoUsd, forecast.reserveNanoUsd, 1),
    unknown: sums.unknown ?? unknown,
  };
}

function plus(sum: NanoUsd | null, each: NanoUsd | null, times: number): NanoUsd | null {
  return sum === null || each === null ? null : sum + each * times;
}

function forecastOf(
  { projectPrices, nowMs, providers }: ModelDeps,
  { reAsksMax }: PlannedStep,
  { target, view }: RouteTarget,
  call: ModelCall,
): CallForecast {
  return forecastCall(call, {
    provider: target.provider,
    local: view.usable && view.local,
    known: providers.modelCapabilities?.(target) ?? null,
    projectPrices,
    mayReAsk: reAsksMax > 0,
    nowMs,
  });
}
