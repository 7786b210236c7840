import type { ModelCall, TranscribeCall } from '../../domain/model/model-call.ts';
import { FileBody, type WireBody, type WireValue } from '../http/wire-body.ts';
import type { Ticket, WireRequest } from '../port.ts';
import { chatOfClassify } from '../shared/classify-by-chat.ts';
import { chatInput } from './chat/request.ts';
import { imageInput } from './kinds/images.ts';
import { embedInput, labelInput, moderateInput, rerankInput } from './kinds/texts.ts';
import { transcribeInput } from './kinds/transcription.ts';
import { hasOwnLabels } from './models.ts';

type Fields = { readonly [name: string]: WireValue };

/** `POST /run/{model}`; a batch of one goes into the queue. */
export function toWireRequest(call: ModelCall): WireRequest {
  if (call.kind === 'transcribe') return request(call.model, transcribeInput(call), '');
  const input = inputOf(call);
  return call.execution === 'batch'
    ? queued(call.model, { requests: [input] })
    : request(call.model, input, '');
}

/** The queue is asked where the work was put into it. */
export function statusRequest({ model }: ModelCall, { providerJobId }: Ticket): WireRequest {
  return queued(model, { request_id: providerJobId });
}

function queued(model: string, body: Fields): WireRequest {
  return request(model, body, '?queueRequest=true');
}

function request(model: string, body: WireBody, query: string): WireRequest {
  const type = body instanceof FileBody ? 'application/octet-stream' : 'application/json';
  const accept = '*/*';
  return {
    method: 'POST',
    path: `/run/${modelPath(model)}${query}`,
    headers: { 'content-type': type, accept },
    body,
  };
}

/** Names like `@cf/meta/llama-3.1-8b-instruct` are paths already. */
function modelPath(model: string): string {
  return model.split('/').map(encodeURIComponent).join('/').replaceAll('%40', '@');
}

function inputOf(call: Exclude<ModelCall, TranscribeCall>): Fields {
  switch (call.kind) {
    case 'chat':
      return chatInput(call);
    case 'classify':
      return hasOwnLabels(call.model) ? labelInput(call) : chatInput(chatOfClassify(call));
    case 'embed':
      return embedInput(call);
    case 'rerank':
      return rerankInput(call);
    case 'image':
      return imageInput(call);
    case 'moderate':
      return moderateInput(call);
    case 'summarize':
      throw new Error(`a call of kind ${call.kind} was routed to an adapter without it`);
  }
}
