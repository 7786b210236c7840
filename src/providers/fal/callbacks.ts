import { isJsonObject, type JsonObject } from '../../domain/json.ts';
import type { ModelCall } from '../../domain/model/model-call.ts';
import type { CallOutcome, Callbacks } from '../port.ts';
import type { Account } from '../shared/account.ts';
import { textAt } from '../shared/json-fields.ts';
import { readResult } from './result.ts';
import { makeSignatureCheck } from './signature.ts';

/** `{request_id, status: "OK" | "ERROR", payload, error, payload_error}`, signed by fal's published keys. */
export function falCallbacks(account: Account, jwksUrl: string): Callbacks {
  return {
    verify: makeSignatureCheck(account.endpoint.fetch, jwksUrl),
    read: (body, call) =>
      isJsonObject(body) ? readCallback(account, body, call) : { kind: 'ask' },
  };
}

function readCallback(
  account: Account,
  body: JsonObject,
  call: ModelCall,
): CallOutcome | { readonly kind: 'ask' } {
  const { payload = null } = body;
  const status = textAt(body, 'status');
  const known = { requestId: textAt(body, 'request_id'), metrics: {} };
  // A payload that is no JSON is left out of the webhook, and can be fetched.
  if (payload === null || textAt(body, 'payload_error') !== null) return { kind: 'ask' };
  if (status === 'OK') {
    return readResult(account, { status: 200, headers: {}, body: payload }, call, known);
  }
  const failedWith = statusIn(textAt(body, 'error') ?? '');
  if (status !== 'ERROR' || failedWith === null) return { kind: 'ask' };
  return readResult(account, { status: failedWith, headers: {}, body: payload }, call, known);
}

/** `Invalid status code: 422` */
function statusIn(error: string): number | null {
  const status = Number(/status code:? (\d{3})/i.exec(error)?.[1]);
  return status >= 400 && status <= 599 ? status : null;
}
