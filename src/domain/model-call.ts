import type { Json, JsonObject } from './json.ts';
import type { Usage } from './usage.ts';

/** What can be asked of a model, whatever the provider. One neutral call and one neutral result each. */
const modelKinds = ['chat', 'embed', 'classify', 'rerank', 'summarize'] as const;
export type ModelKind = (typeof modelKinds)[number];

export type ChatMessage = {
  readonly role: 'system' | 'user' | 'assistant';
  readonly content: string;
};

/** Sampling and limits, under neutral names. A provider's adapter maps or refuses them. */
export type ChatParameters = {
  readonly temperature?: number;
  readonly topP?: number;
  readonly maxOutputTokens?: number;
  readonly seed?: number;
  readonly stop?: readonly string[];
  readonly reasoningEffort?: 'minimal' | 'low' | 'medium' | 'high';
};

export type ChatCall = {
  readonly kind: 'chat';
  readonly model: string;
  readonly messages: readonly ChatMessage[];
  readonly parameters: ChatParameters;
  /** `json` asks the provider to follow the schema; the check afterwards is ours in any case. */
  readonly output:
    | { readonly kind: 'text' }
    | { readonly kind: 'json'; readonly schema: JsonObject };
};

export type EmbedCall = {
  readonly kind: 'embed';
  readonly model: string;
  readonly texts: readonly string[];
  readonly dimensions?: number;
};

export type ClassifyCall = {
  readonly kind: 'classify';
  readonly model: string;
  readonly text: string;
  /** Candidate labels; a model with labels of its own (language identification) takes none. */
  readonly labels: readonly { readonly label: string; readonly description?: string }[];
  /** At most this many labels come back, best first. */
  readonly topN: number;
};

type RerankCall = {
  readonly kind: 'rerank';
  readonly model: string;
  readonly query: string;
  readonly documents: readonly string[];
  readonly topN: number;
};

type SummarizeCall = {
  readonly kind: 'summarize';
  readonly model: string;
  readonly text: string;
  readonly maxSentences: number;
};

/** A call to one target with everything resolved: what the attempt's request hash is taken over. */
export type ModelCall = ChatCall | EmbedCall | ClassifyCall | RerankCall | SummarizeCall;

export type ChatResult = {
  readonly kind: 'chat';
  readonly text: string;
  readonly finishReason: 'stop' | 'length' | 'content_filter' | 'tool_calls' | 'other';
};

type EmbedResult = {
  readonly kind: 'embed';
  /** One vector for each text, in the order of the call. */
  readonly vectors: readonly (readonly number[])[];
};

export type ClassifyResult = {
  readonly kind: 'classify';
  /** Best first; scores are between 0 and 1 and comparable within one result only. */
  readonly labels: readonly { readonly label: string; readonly score: number }[];
};

export type RerankResult = {
  readonly kind: 'rerank';
  /** Best first; `index` points into the call's documents. */
  readonly results: readonly { readonly index: number; readonly score: number }[];
};

export type SummarizeResult = {
  readonly kind: 'summarize';
  readonly summary: string;
  /** The sentences the summary is made of, in text order; `start` and `end` are UTF-16 offsets into the call's text. */
  readonly sentences: readonly {
    readonly text: string;
    readonly start: number;
    readonly end: number;
    readonly score: number;
  }[];
};

export type ModelResult =
  | ChatResult
  | EmbedResult
  | ClassifyResult
  | RerankResult
  | SummarizeResult;

/** What one call consumed, and who says so. */
export type Spent = {
  readonly usage: Usage;
  /** The provider's own usage object, untouched, for audits. */
  readonly rawUsage: Json;
  /** The model that the provider says it ran; may differ from the one asked for. */
  readonly returnedModel: string;
  /** The provider's id for this call, for its support desk. */
  readonly providerRequestId: string | null;
};

/** What a provider returned for one call, normalised. */
export type ModelReply = Spent & { readonly result: ModelResult };
