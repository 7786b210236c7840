import type { ChatCall, ClassifyCall } from '../../../domain/model/model-call.ts';
import type { Ticket, WireRequest } from '../../port.ts';
import { messageFields, request } from '../request.ts';

const path = '/messages/batches';

/** Stands where no attempt is known. */
const anyAttempt = 'attempt';

/** A batch of one message. The id of its request is only seen again in the batch's results. */
export function batchRequest(
  call: ChatCall | ClassifyCall,
  customId: string = anyAttempt,
): WireRequest {
  const requests = [{ custom_id: customId, params: messageFields(call) }];
  return request('POST', path, { requests });
}

/** SHA-256 of the attempt's key, in hexadecimal: exactly as long as an id may be, of characters it may have. */
export async function customIdOf(idempotencyKey: string): Promise<string> {
  const hash = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(idempotencyKey));
  return Array.from(new Uint8Array(hash), (byte) => byte.toString(16).padStart(2, '0')).join('');
}

export function listRequest(limit: number): WireRequest {
  return request('GET', `${path}?limit=${limit}`, {});
}

export function statusRequest({ providerJobId }: Ticket): WireRequest {
  return request('GET', below(providerJobId), {});
}

/** Not the address in the batch: the key goes to the bound server and to no other. */
export function resultsRequest({ providerJobId }: Ticket): WireRequest {
  return request('GET', `${below(providerJobId)}/results`, {});
}

export function cancelRequest({ providerJobId }: Ticket): WireRequest {
  return request('POST', `${below(providerJobId)}/cancel`, {});
}

function below(batchId: string): string {
  return `${path}/${encodeURIComponent(batchId)}`;
}
