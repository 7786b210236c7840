import type { ModelCall } from '../../domain/model/model-call.ts';
import type { ModelCapabilities } from '../../domain/model/model-capabilities.ts';
import type { NanoUsd } from '../../domain/money.ts';
import type { ProjectPrice } from '../../domain/model/price.ts';
import type { Usage } from '../../domain/model/usage.ts';
import { extentOf } from '../../pricing/extent.ts';
import { priceCall } from '../../pricing/price-call.ts';
import { filesOf, promptTokensOf } from '../explain/costs/prompt-tokens.ts';

export type BoundFor = {
  readonly provider: string;
  readonly known: ModelCapabilities | null;
  /** Null when they could not be read. */
  readonly projectPrices: readonly ProjectPrice[] | null;
  readonly nowMs: number;
};

/**
 * What is assumed where neither the call nor what is known of its model bounds it. `docs/budgets.md` tells users of
 * each. UNVERIFIED: that no provider charges more for a file or an image.
 */
const ANSWER_TOKENS = 32_768;
const FILE_TOKENS_MIN = 20_000;
const IMAGE_OUTPUT_TOKENS = 8_192;
/** Sound takes at least so many bytes for a millisecond: one, which is 8 kbit/s. */
const SOUND_BYTES_PER_MS = 1;
/** One call keeps hardware busy for so long at the most. */
const COMPUTE_MS = 600_000;
/** A search unit is one question with up to so many documents, long ones counted as several. */
const DOCUMENTS_PER_SEARCH = 100;
const CHARACTERS_PER_DOCUMENT = 1_000;

/**
 * What a call may cost at most, in nano-dollars; null when its model has no known price for any way in which such a
 * call is charged. Of several ways the dearest counts.
 */
export function upperBound(call: ModelCall, about: BoundFor): NanoUsd | null {
  const prices = usagesOf(call, about).map((usage) => priceOf(call, usage, about));
  const known = prices.filter((price) => price !== null);
  return known.length === 0 ? null : Math.max(...known);
}

function priceOf(call: ModelCall, usage: Usage, about: BoundFor): NanoUsd | null {
  const { provider, projectPrices, nowMs } = about;
  const execution = call.execution === 'batch' ? 'batch' : 'standard';
  const { model } = call;
  const extent = extentOf(call);
  return priceCall(
    { provider, model, local: false, usage, execution, extent, projectPrices },
    nowMs,
  ).costNanoUsd;
}

/** Everything that such a call may be charged for, once for each way of charging it. */
function usagesOf(call: ModelCall, { known }: BoundFor): readonly Usage[] {
  const inputTokens = promptTokensOf(call).atMost + fileTokens(call, known);
  const read = { inputTokens };
  switch (call.kind) {
    case 'image': {
      const images = call.count;
      const drawn = { ...read, images, imageOutputTokens: images * IMAGE_OUTPUT_TOKENS };
      return [{ images }, { ...read, images }, drawn, { computeMs: COMPUTE_MS }];
    }
    case 'transcribe': {
      const audioMs = Math.ceil(call.audio.bytes / SOUND_BYTES_PER_MS);
      return [{ audioMs }, ...writing(call, read, known), { computeMs: COMPUTE_MS }];
    }
    case 'rerank': {
      const searchUnits = Math.ceil(documentsOf(call.documents) / DOCUMENTS_PER_SEARCH);
      return [{ searchUnits }, read];
    }
    case 'embed':
    case 'moderate':
      return [read];
    case 'chat':
    case 'classify':
    case 'summarize':
      return writing(call, read, known);
  }
}

/** A model may think instead of writing, and a prompt may be read into the provider's cache, each at another price. */
function writing(call: ModelCall, read: Usage, known: ModelCapabilities | null): readonly Usage[] {
  const outputTokens = longestAnswer(call, known);
  const { inputTokens: cacheWriteTokens = 0 } = read;
  return [
    { ...read, outputTokens },
    { ...read, reasoningTokens: outputTokens },
    { cacheWriteTokens, outputTokens },
    { cacheWriteTokens, reasoningTokens: outputTokens },
  ];
}

function longestAnswer(call: ModelCall, known: ModelCapabilities | null): number {
  const asked = call.kind === 'chat' ? call.parameters.maxOutputTokens : undefined;
  return asked ?? known?.outputTokensMax ?? ANSWER_TOKENS;
}

/** No file takes more tokens than it has bytes, unless it is small and unpacks; none takes more than the model reads. */
function fileTokens(call: ModelCall, known: ModelCapabilities | null): number {
  const tokens = filesOf(call).reduce(
    (sum, { bytes }) => sum + Math.max(FILE_TOKENS_MIN, bytes),
    0,
  );
  return Math.min(tokens, known?.contextTokens ?? Number.POSITIVE_INFINITY);
}

function documentsOf(documents: readonly string[]): number {
  return documents.reduce(
    (sum, { length }) => sum + Math.max(1, Math.ceil(length / CHARACTERS_PER_DOCUMENT)),
    0,
  );
}
