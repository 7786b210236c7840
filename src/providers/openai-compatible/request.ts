import type { ModelCall } from '../../domain/model/model-call.ts';
import type { WireBody } from '../http/wire-body.ts';
import type { WireRequest } from '../port.ts';
import { chatOfClassify } from '../shared/classify-by-chat.ts';
import { chatBody } from './chat/request.ts';
import { embedBody } from './kinds/embeddings.ts';
import { imageRequest } from './kinds/images.ts';
import { moderateBody } from './kinds/moderation.ts';
import { transcribeBody } from './kinds/transcription.ts';
import type { OpenAiCompatibleSettings } from './settings.ts';

/** The exact request for a call, but for credentials. */
export function toWireRequest(call: ModelCall, settings: OpenAiCompatibleSettings): WireRequest {
  const { path, body } = contentOf(call, settings);
  const isForm = path.endsWith('/edits') || path.endsWith('/transcriptions');
  const accept = 'application/json, text/event-stream';
  // A form's content type has its boundary, which only `fetch` knows.
  const headers = isForm ? { accept } : { 'content-type': 'application/json', accept };
  return { method: 'POST', path: placed(path, call.model, settings), headers, body };
}

type Content = { readonly path: string; readonly body: WireBody };

function contentOf(call: ModelCall, settings: OpenAiCompatibleSettings): Content {
  const { profile } = settings;
  switch (call.kind) {
    case 'chat':
      return { path: '/chat/completions', body: chatBody(call, profile) };
    case 'classify':
      return { path: '/chat/completions', body: chatBody(chatOfClassify(call), profile) };
    case 'embed':
      return { path: '/embeddings', body: embedBody(call, profile) };
    case 'image':
      return imageRequest(call, profile);
    case 'transcribe':
      return { path: '/audio/transcriptions', body: transcribeBody(call, profile) };
    case 'moderate':
      return { path: '/moderations', body: moderateBody(call) };
    case 'rerank':
    case 'summarize':
      throw new Error(`a call of kind ${call.kind} was routed to an adapter without it`);
  }
}

/**
 * Azure's older interface names the deployment in the path and the version in the query; below `/v1`, like everywhere
 * else, the model is in the body.
 */
function placed(path: string, model: string, settings: OpenAiCompatibleSettings): string {
  const { apiVersion, baseUrl } = settings;
  if (apiVersion === undefined) return path;
  const query = `?api-version=${encodeURIComponent(apiVersion)}`;
  if (/\/v1\/*$/.test(baseUrl)) return `${path}${query}`;
  return `/deployments/${encodeURIComponent(model)}${path}${query}`;
}
