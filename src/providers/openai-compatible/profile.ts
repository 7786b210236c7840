import type { ChatPart, ModelKind } from '../../domain/model/model-call.ts';
import type { ProviderFailureClass } from '../http/failure-sentence.ts';

/** How one server deviates from OpenAI's API. */
export type OpenAiCompatibleProfile = {
  /** What it can be asked; `classify` goes through its chat. */
  readonly kinds: readonly ModelKind[];
  /** Where the key goes: `authorization: Bearer …`, or Azure's own header. */
  readonly keyHeader: 'authorization' | 'api-key';
  readonly maxTokensField: 'max_completion_tokens' | 'max_tokens';
  readonly seedField: 'seed' | 'random_seed';
  /** How the effort of reasoning is asked for: as a plain field, or inside a `reasoning` object. */
  readonly reasoningField: 'reasoning_effort' | 'reasoning';
  readonly dimensionsField: 'dimensions' | 'output_dimension';
  /** How the size of an image is asked for: `size`, or Together's `width` and `height`. */
  readonly imageFields: 'openai' | 'together';
  /** How JSON is asked for; without `json_schema` the schema goes into a system message. */
  readonly jsonOutput: 'json_schema' | 'json_object' | 'prompt';
  /** May `strict` be set for a schema that allows it? */
  readonly strictSchemas: boolean;
  /** Can a reply with a JSON schema be streamed? */
  readonly streamsJson: boolean;
  /** Is `stream_options.include_usage` understood? */
  readonly usageInStream: boolean;
  /** What a message may hold beside text. */
  readonly parts: readonly ChatPart['type'][];
  /** Transcription models that tell times; the others give the text alone. */
  readonly timedModels: RegExp;
  /** How speakers are told apart: by a model of its own, or by any when asked with `diarize`. */
  readonly diarizesBy: 'model' | 'field';
  /** Does transcription take a `response_format`? */
  readonly transcriptFormats: boolean;
  /** Fields of a call that the server does not have: never silently left out. */
  readonly unsupported: readonly string[];
  readonly extraHeaders: Readonly<Record<string, string>>;
  /** Statuses that mean something else here than elsewhere. */
  readonly classByStatus: Readonly<Record<number, ProviderFailureClass>>;
};

export const baseProfile: OpenAiCompatibleProfile = {
  kinds: ['chat', 'embed', 'classify'],
  keyHeader: 'authorization',
  maxTokensField: 'max_tokens',
  seedField: 'seed',
  reasoningField: 'reasoning_effort',
  dimensionsField: 'dimensions',
  imageFields: 'openai',
  jsonOutput: 'json_schema',
  strictSchemas: false,
  streamsJson: true,
  usageInStream: true,
  parts: ['text', 'image'],
  timedModels: /whisper/i,
  diarizesBy: 'model',
  transcriptFormats: true,
  unsupported: [],
  extraHeaders: {},
  classByStatus: {},
};
