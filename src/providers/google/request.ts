import type { ModelCall } from '../../domain/model/model-call.ts';
import type { WireBody } from '../http/wire-body.ts';
import type { WireRequest } from '../port.ts';
import { chatOfClassify } from '../shared/classify-by-chat.ts';
import { chatBody } from './chat/request.ts';
import { embedBody } from './kinds/embeddings.ts';
import { imageBody } from './kinds/images.ts';
import { modelPath } from './model-path.ts';

/** The exact request for a call, but for the key. The model is in the path. */
export function toWireRequest(call: ModelCall): WireRequest {
  const { method, body } = contentOf(call);
  const accept = 'application/json, text/event-stream';
  return {
    method: 'POST',
    path: `/${modelPath(call.model)}:${method}`,
    headers: { 'content-type': 'application/json', accept },
    body,
  };
}

type Content = { readonly method: string; readonly body: WireBody };

function contentOf(call: ModelCall): Content {
  switch (call.kind) {
    case 'chat':
      return { method: 'streamGenerateContent?alt=sse', body: chatBody(call) };
    case 'classify':
      return contentOf(chatOfClassify(call));
    case 'embed':
      return { method: 'batchEmbedContents', body: embedBody(call) };
    case 'image':
      return { method: 'generateContent', body: imageBody(call) };
    case 'transcribe':
    case 'moderate':
    case 'rerank':
    case 'summarize':
      throw new Error(`a call of kind ${call.kind} was routed to an adapter without it`);
  }
}
