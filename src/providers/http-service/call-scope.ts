import type { Json, JsonObject } from '../../domain/json.ts';
import type { ChatCall, ChatMessage, ModelCall, ModelKind } from '../../domain/model/model-call.ts';
import { toWire } from '../../domain/wire.ts';
import type { TemplateScope } from './template.ts';

/** What a template may read of a call, under the names that pipelines use. */
export const callFields = {
  chat: ['model', 'messages', 'parameters', 'output'],
  embed: ['model', 'texts', 'dimensions', 'input_type'],
  classify: ['model', 'text', 'labels', 'top_n'],
  rerank: ['model', 'query', 'documents', 'top_n'],
  summarize: ['model', 'text', 'max_sentences'],
  image: [
    'model',
    'prompt',
    'count',
    'size',
    'format',
    'quality',
    'seed',
    'negative_prompt',
    'images',
  ],
  transcribe: ['model', 'audio', 'language', 'prompt', 'timestamps', 'diarize'],
  moderate: ['model', 'text', 'images'],
} as const satisfies Record<ModelKind, readonly string[]>;

/** What a service that is not told cannot answer: one of these has to stand in the request. */
export const neededFields = {
  chat: [['messages']],
  embed: [['texts']],
  classify: [['text']],
  rerank: [['query'], ['documents']],
  summarize: [['text']],
  image: [['prompt']],
  transcribe: [['audio']],
  moderate: [['text', 'images']],
} as const satisfies Record<ModelKind, readonly (readonly string[])[]>;

/** A call as templates see it; `more` are the further roots, such as `ticket`. */
export function scopeOf(call: ModelCall, more: JsonObject = {}): TemplateScope {
  return {
    values: { ...more, call: valuesOf(call) },
    files: {
      audio: call.kind === 'transcribe' ? [call.audio] : [],
      images: call.kind === 'image' || call.kind === 'moderate' ? (call.images ?? []) : [],
    },
  };
}

/** Schemas and options are JSON of others, whose keys are left alone: they never go through `toWire`. */
function valuesOf(call: ModelCall): Json {
  if (call.kind === 'chat') return chatValues(call);
  const { kind: _kind, options: _options, execution: _execution, ...own } = call;
  return toWire(own);
}

function chatValues({ model, messages, parameters, output }: ChatCall): JsonObject {
  return {
    model,
    messages: messages.map((message) => ({ role: message.role, content: contentOf(message) })),
    parameters: toWire(parameters),
    output: output.kind === 'json' ? { kind: 'json', schema: output.schema } : { kind: 'text' },
  };
}

/** A message's text alone: what else is in it, the service cannot be told. */
function contentOf({ content }: ChatMessage): string {
  if (typeof content === 'string') return content;
  return content.flatMap((part) => (part.type === 'text' ? [part.text] : [])).join('\n');
}
