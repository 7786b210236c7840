/** The builtin provider's request: JSON like any other provider's, so that it is hashed and stored alike. */
import type { JsonObject } from '../../domain/json.ts';
import type { ClassifyCall, ModelCall, ModerateCall } from '../../domain/model/model-call.ts';
import type { WireRequest } from '../port.ts';

/** The request for a call, whether or not the provider will accept it: checks are the model's own. */
export function toWire(call: ModelCall): WireRequest {
  return { method: 'POST', path: `/${call.kind}`, headers: {}, body: toBody(call) };
}

function toBody(call: ModelCall): JsonObject {
  const { model } = call;
  switch (call.kind) {
    case 'embed':
      return { model, texts: call.texts, ...definedDimensions(call.dimensions) };
    case 'classify':
      return { model, text: call.text, labels: call.labels.map(toLabel), top_n: call.topN };
    case 'rerank':
      return { model, query: call.query, documents: call.documents, top_n: call.topN };
    case 'summarize':
      return { model, text: call.text, max_sentences: call.maxSentences };
    case 'moderate':
      return moderateBody(call);
    default:
      // There is no builtin model for these; the answer is a refusal.
      return { model };
  }
}

function moderateBody({ model, text = '', images = [] }: ModerateCall): JsonObject {
  return { model, text, images: images.length };
}

function definedDimensions(dimensions: number | undefined): JsonObject {
  return dimensions === undefined ? {} : { dimensions };
}

function toLabel({ label, description }: ClassifyCall['labels'][number]): JsonObject {
  return description === undefined ? { label } : { label, description };
}
