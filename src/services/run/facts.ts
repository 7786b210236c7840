import type { AttemptFacts, Target } from '../../domain/job/attempt.ts';
import type { Failure } from '../../domain/job/failure.ts';
import { jsonBytes } from '../../domain/json.ts';
import type { Spent } from '../../domain/model/model-call.ts';
import { priceCall, type PricedCall } from '../../pricing/price-call.ts';

export type CallFacts = {
  readonly target: Target;
  readonly local: boolean;
  readonly startedAtMs: number;
  readonly endedAtMs: number;
  readonly requestSha256: string;
  readonly codeVersion: number;
  readonly finishReason: string | null;
  readonly dropped: readonly string[];
  /** When the first piece of streamed text came; null for what is not streamed. */
  readonly firstTextAtMs?: number | null;
  /** What the call's price depends on beside its model. */
  readonly pricing?: Pick<PricedCall, 'execution' | 'extent' | 'projectPrices'>;
};

/** Of a provider's own usage object; they take a few hundred. */
const RAW_USAGE_BYTES_MAX = 4_096;

/** The facts of a model call. A call that was refused before any work cost nothing. */
export function callFacts(
  call: CallFacts,
  spent: Spent | null,
  failure: Failure | null,
): AttemptFacts {
  const { target, local, startedAtMs, endedAtMs, finishReason, dropped } = call;
  const free = failure !== null && spent === null && isFree(failure);
  const price = free
    ? { costNanoUsd: 0, priceVersion: 'not_charged' }
    : priceCall({ ...target, local, ...call.pricing, ...spendingOf(spent) }, endedAtMs);
  return {
    latencyMs: Math.max(0, endedAtMs - startedAtMs),
    ...price,
    requestSha256: call.requestSha256,
    codeVersion: call.codeVersion,
    ...(finishReason === null ? {} : { finishReason }),
    ...(dropped.length === 0 ? {} : { dropped }),
    ...firstToken(call),
    ...(spent === null ? {} : spentFacts(spent)),
  };
}

function spendingOf(spent: Spent | null): Pick<PricedCall, 'usage' | 'reportedCostNanoUsd'> {
  if (spent === null) return { usage: null };
  const { usage, reportedCostNanoUsd } = spent;
  return reportedCostNanoUsd === undefined ? { usage } : { usage, reportedCostNanoUsd };
}

function isFree({ phase }: Failure): boolean {
  return phase === 'not_sent' || phase === 'rejected';
}

function firstToken({ firstTextAtMs = null, startedAtMs }: CallFacts) {
  return firstTextAtMs === null
    ? {}
    : { timeToFirstTokenMs: Math.max(0, firstTextAtMs - startedAtMs) };
}

function spentFacts({ usage, rawUsage, returnedModel, providerRequestId }: Spent) {
  const isKept = rawUsage !== null && jsonBytes(rawUsage) <= RAW_USAGE_BYTES_MAX;
  return {
    usage,
    ...(isKept ? { rawUsage } : {}),
    returnedModel,
    ...(providerRequestId === null ? {} : { providerRequestId }),
  };
}

/** The facts of work that called no model. */
export function localFacts(
  startedAtMs: number,
  endedAtMs: number,
  codeVersion: number | null,
): AttemptFacts {
  return {
    latencyMs: Math.max(0, endedAtMs - startedAtMs),
    costNanoUsd: 0,
    ...(codeVersion === null ? {} : { codeVersion }),
  };
}
