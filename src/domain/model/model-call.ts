import type { Json, JsonObject } from '../json.ts';
import type { MediaRef, ProducedMedia } from './media.ts';
import type { Usage } from './usage.ts';

/** What can be asked of a model, whatever the provider. One neutral call and one neutral result each. */
export const modelKinds = [
  'chat',
  'embed',
  'classify',
  'rerank',
  'summarize',
  'image',
  'transcribe',
  'moderate',
] as const;
export type ModelKind = (typeof modelKinds)[number];

/**
 * How a provider is asked: `sync` answers in one exchange; `background` and `batch` hand out a ticket at once and
 * the result later, from the provider's own queue, a batch within hours and at a lower price.
 */
export const executions = ['sync', 'background', 'batch'] as const;
export type Execution = (typeof executions)[number];

type Common = {
  readonly model: string;
  /** Absent means `sync`, or the only way that the provider has. */
  readonly execution?: Execution;
  /** Fields that only this provider knows, put into its request as they are; what the adapter sets itself wins. */
  readonly options?: JsonObject;
};

export type ChatPart =
  | { readonly type: 'text'; readonly text: string }
  | { readonly type: 'image'; readonly media: MediaRef; readonly detail?: 'auto' | 'low' | 'high' }
  | { readonly type: 'audio'; readonly media: MediaRef }
  /** A PDF or another document that the provider reads itself. */
  | { readonly type: 'document'; readonly media: MediaRef };

/** A call of a tool that the model asks for. `arguments` is JSON text, as the model wrote it. */
export type ToolCall = { readonly id: string; readonly name: string; readonly arguments: string };

export type ChatMessage =
  | {
      readonly role: 'system' | 'user' | 'assistant';
      readonly content: string | readonly ChatPart[];
      /** Only of an assistant: the tools it called. */
      readonly toolCalls?: readonly ToolCall[];
    }
  | { readonly role: 'tool'; readonly toolCallId: string; readonly content: string };

/** A tool that the model may ask for. Penstock passes it on; whoever reads the output carries it out. */
export type Tool = {
  readonly name: string;
  readonly description?: string;
  /** JSON Schema of the arguments. */
  readonly parameters: JsonObject;
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

export type ChatCall = Common & {
  readonly kind: 'chat';
  readonly messages: readonly ChatMessage[];
  readonly parameters: ChatParameters;
  readonly tools?: readonly Tool[];
  readonly toolChoice?: 'auto' | 'none' | 'required' | { readonly name: string };
  /** `json` asks the provider to follow the schema; the check afterwards is ours in any case. */
  readonly output:
    | { readonly kind: 'text' }
    | { readonly kind: 'json'; readonly schema: JsonObject };
};

export type EmbedCall = Common & {
  readonly kind: 'embed';
  readonly texts: readonly string[];
  readonly dimensions?: number;
  /** What the vectors are for; models that tell a question from a passage embed them differently. */
  readonly inputType?: 'query' | 'document';
};

export type ClassifyCall = Common & {
  readonly kind: 'classify';
  readonly text: string;
  /** Candidate labels; a model with labels of its own (language identification) takes none. */
  readonly labels: readonly { readonly label: string; readonly description?: string }[];
  /** At most this many labels come back, best first. */
  readonly topN: number;
};

export type RerankCall = Common & {
  readonly kind: 'rerank';
  readonly query: string;
  readonly documents: readonly string[];
  readonly topN: number;
};

type SummarizeCall = Common & {
  readonly kind: 'summarize';
  readonly text: string;
  readonly maxSentences: number;
};

export type ImageCall = Common & {
  readonly kind: 'image';
  readonly prompt: string;
  /** How many images: 1 to 10. */
  readonly count: number;
  /** In pixels; the model's own size if absent. */
  readonly size?: { readonly width: number; readonly height: number };
  readonly format?: 'png' | 'jpeg' | 'webp';
  readonly quality?: 'low' | 'medium' | 'high';
  readonly seed?: number;
  readonly negativePrompt?: string;
  /** Images to start from. */
  readonly images?: readonly MediaRef[];
};

export type TranscribeCall = Common & {
  readonly kind: 'transcribe';
  readonly audio: MediaRef;
  /** ISO 639-1, e.g. `en`; found out by the model if absent. */
  readonly language?: string;
  /** Words and names that help the model. */
  readonly prompt?: string;
  readonly timestamps?: 'segment' | 'word';
  /** Whether speakers are told apart. */
  readonly diarize?: boolean;
};

export type ModerateCall = Common & {
  readonly kind: 'moderate';
  readonly text?: string;
  readonly images?: readonly MediaRef[];
};

/** A call to one target with everything resolved: what the attempt's request hash is taken over. */
export type ModelCall =
  | ChatCall
  | EmbedCall
  | ClassifyCall
  | RerankCall
  | SummarizeCall
  | ImageCall
  | TranscribeCall
  | ModerateCall;

export type ChatResult = {
  readonly kind: 'chat';
  readonly text: string;
  readonly finishReason: 'stop' | 'length' | 'content_filter' | 'tool_calls' | 'other';
  readonly toolCalls?: readonly ToolCall[];
};

export type EmbedResult = {
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

export type ImageResult = {
  readonly kind: 'image';
  readonly images: readonly {
    readonly media: ProducedMedia;
    /** The prompt that the provider made of the call's. */
    readonly revisedPrompt?: string;
  }[];
};

export type TranscribeResult = {
  readonly kind: 'transcribe';
  readonly text: string;
  /** As the provider names it; null when it does not say. */
  readonly language: string | null;
  readonly durationSeconds: number | null;
  /** Times in seconds from the start. Empty when not asked for or not given. */
  readonly segments: readonly {
    readonly text: string;
    readonly start: number;
    readonly end: number;
    readonly speaker?: string;
  }[];
  readonly words: readonly {
    readonly word: string;
    readonly start: number;
    readonly end: number;
    readonly confidence?: number;
    readonly speaker?: string;
  }[];
};

export type ModerateResult = {
  readonly kind: 'moderate';
  readonly flagged: boolean;
  /** Under the provider's own category names; `score` is between 0 and 1, null when there is none. */
  readonly categories: readonly {
    readonly category: string;
    readonly flagged: boolean;
    readonly score: number | null;
  }[];
};

export type ModelResult =
  | ChatResult
  | EmbedResult
  | ClassifyResult
  | RerankResult
  | SummarizeResult
  | ImageResult
  | TranscribeResult
  | ModerateResult;

/** What one call consumed, and who says so. */
export type Spent = {
  readonly usage: Usage;
  /** The provider's own usage object, untouched, for audits. */
  readonly rawUsage: Json;
  /** The model that the provider says it ran; may differ from the one asked for. */
  readonly returnedModel: string;
  /** The provider's id for this call, for its support desk. */
  readonly providerRequestId: string | null;
  /** What the provider says the call cost, in nano-dollars, where it says so. */
  readonly reportedCostNanoUsd?: number;
};

/** What a provider returned for one call, normalised. */
export type ModelReply = Spent & { readonly result: ModelResult };
