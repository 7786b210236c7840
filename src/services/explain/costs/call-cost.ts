import type { ModelCall } from '../../../domain/model/model-call.ts';
import type { ModelCapabilities } from '../../../domain/model/model-capabilities.ts';
import type { NanoUsd } from '../../../domain/money.ts';
import type { ProjectPrice } from '../../../domain/model/price.ts';
import type { Usage } from '../../../domain/model/usage.ts';
import { extentOf } from '../../../pricing/extent.ts';
import { priceCall } from '../../../pricing/price-call.ts';
import { upperBound } from '../../budgets/upper-bound.ts';
import { filesOf, promptTokensOf, type PromptTokens } from './prompt-tokens.ts';

/** What a call that has not been made would use and cost. */
export type CallForecast = {
  readonly inputTokens: PromptTokens;
  /** Null where neither the call nor its model's limit bounds the answer. */
  readonly outputTokensMax: number | null;
  /** With the estimated prompt and the longest answer; null when a part of it is not known. */
  readonly estimatedNanoUsd: NanoUsd | null;
  /** What one call may cost at most, when it is the last of several in which the model is asked again. */
  readonly atMostNanoUsd: NanoUsd | null;
  /** What room a budget would hold for the call; null when its model has no known price. */
  readonly reserveNanoUsd: NanoUsd | null;
  readonly priceVersion: string | null;
  /** Why a cost is null; null when none is. */
  readonly unknown: string | null;
};

export type ForecastFor = {
  readonly provider: string;
  readonly local: boolean;
  readonly known: ModelCapabilities | null;
  /** Null when they could not be read. */
  readonly projectPrices: readonly ProjectPrice[] | null;
  /** Whether the model may be asked again with its last answer and what was wrong with it. */
  readonly mayReAsk: boolean;
  readonly nowMs: number;
};

/** What a list of mistakes takes, when a model is asked again. UNVERIFIED: schemas with very long messages take more. */
const MISTAKES_TOKENS_MAX = 4_096;

export function forecastCall(call: ModelCall, about: ForecastFor): CallForecast {
  const inputTokens = promptTokensOf(call);
  const expectedMax = longestAnswer(call, about);
  const outputTokensMax = expectedMax ?? about.known?.contextTokens ?? null;
  const base = { inputTokens, outputTokensMax, reserveNanoUsd: reserveOf(call, about) };
  const price = (usage: Usage) => priceOf(call, usage, about);
  if (about.local) {
    const { priceVersion } = price({});
    return { ...base, estimatedNanoUsd: 0, atMostNanoUsd: 0, priceVersion, unknown: null };
  }
  const unknown = whyUnknown(call, outputTokensMax);
  const expected = price(usageOf(call, inputTokens.estimated, expectedMax, about.provider));
  const priceVersion = expected.priceVersion;
  if (unknown !== null) {
    return { ...base, estimatedNanoUsd: null, atMostNanoUsd: null, priceVersion, unknown };
  }
  const again = about.mayReAsk ? 2 * (outputTokensMax ?? 0) + MISTAKES_TOKENS_MAX : 0;
  const most = mostOf(
    usageOf(call, inputTokens.atMost + again, outputTokensMax, about.provider),
    price,
  );
  const unbounded = whyUnbounded(call);
  return {
    ...base,
    estimatedNanoUsd: expectedMax === null ? null : expected.costNanoUsd,
    atMostNanoUsd: unbounded === null ? most : null,
    priceVersion,
    unknown: whyNull(expected.costNanoUsd, expectedMax, unbounded),
  };
}

/** Work inside the Worker is free. */
function reserveOf(call: ModelCall, about: ForecastFor): NanoUsd | null {
  return about.local ? 0 : upperBound(call, about);
}

const NO_PRICE = 'the model has no known price for what the call uses';
const NO_BOUND = 'nothing bounds the answer: set `max_output_tokens` in the target’s `parameters`';

function whyNull(
  costNanoUsd: NanoUsd | null,
  expectedMax: number | null,
  unbounded: string | null,
): string | null {
  if (costNanoUsd === null) return NO_PRICE;
  return expectedMax === null ? NO_BOUND : unbounded;
}

/** A model may think instead of writing, which may have a price of its own. */
function mostOf(
  usage: Usage,
  price: (usage: Usage) => { readonly costNanoUsd: NanoUsd | null },
): NanoUsd | null {
  const { outputTokens, ...rest } = usage;
  const written = price(usage).costNanoUsd;
  if (written === null || outputTokens === undefined) return written;
  const thought = price({ ...rest, reasoningTokens: outputTokens }).costNanoUsd;
  return Math.max(written, thought ?? 0);
}

function whyUnbounded({ kind, options = {} }: ModelCall): string | null {
  if (Object.keys(options).length > 0) {
    return 'the target’s `options` may make the call cost more than this';
  }
  return kind === 'rerank' ? 'long documents may be charged as several' : null;
}

function priceOf(call: ModelCall, usage: Usage, about: ForecastFor) {
  const { provider, local, projectPrices, nowMs } = about;
  const execution = call.execution === 'batch' ? 'batch' : 'standard';
  const extent = extentOf(call);
  return priceCall(
    { provider, model: call.model, local, usage, execution, extent, projectPrices },
    nowMs,
  );
}

/** Answers of models that write, by the call or by what is known of its model; the others give what is no text. */
function longestAnswer(call: ModelCall, { known }: ForecastFor): number | null {
  const limit = known?.outputTokensMax ?? null;
  if (call.kind !== 'chat') return answersInText(call) ? limit : 0;
  return call.parameters.maxOutputTokens ?? limit;
}

/** Chat models may do this work, and then are charged for what they write. */
function answersInText({ kind }: ModelCall): boolean {
  return kind === 'classify' || kind === 'summarize' || kind === 'transcribe';
}

function whyUnknown(call: ModelCall, outputTokensMax: number | null): string | null {
  if (filesOf(call).length > 0) return 'what a file takes is known to its provider only';
  return outputTokensMax === null ? NO_BOUND : null;
}

/** A search unit is one question with up to so many documents (`src/pricing/own-prices.ts`). */
const DOCUMENTS_PER_SEARCH = 100;

function usageOf(
  call: ModelCall,
  inputTokens: number,
  outputTokens: number | null,
  provider: string,
): Usage {
  switch (call.kind) {
    case 'image':
      return { images: call.count };
    case 'rerank':
      return provider === 'cohere'
        ? { searchUnits: Math.ceil(call.documents.length / DOCUMENTS_PER_SEARCH) }
        : { inputTokens };
    default:
      return { inputTokens, ...(outputTokens === null ? {} : { outputTokens }) };
  }
}
