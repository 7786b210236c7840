import type { JsonObject } from '../../domain/json.ts';
import type { ModelCall, TranscribeCall } from '../../domain/model/model-call.ts';
import { FileBody } from '../http/wire-body.ts';
import type { WireRequest } from '../port.ts';
import { isList } from '../shared/json-fields.ts';
import { termsIn } from '../shared/terms.ts';

/** `POST /listen` with the sound as the body and everything else in the query. */
export function listenRequest(call: ModelCall, callbackUrl: string | null = null): WireRequest {
  if (call.kind !== 'transcribe') return { method: 'POST', path: '/listen', headers: {}, body: {} };
  return {
    method: 'POST',
    path: `/listen?${queryOf(call, callbackUrl).toString()}`,
    headers: { 'content-type': call.audio.mimeType },
    body: new FileBody(call.audio),
  };
}

function queryOf(call: TranscribeCall, callbackUrl: string | null): URLSearchParams {
  const { model, timestamps, diarize = false } = call;
  const query = optionsQuery(call.options);
  query.set('model', model);
  if (!query.has('smart_format')) query.set('smart_format', 'true');
  setLanguage(query, call);
  setTerms(query, call);
  if (diarize) query.set('diarize', 'true');
  if (diarize || timestamps === 'segment') query.set('utterances', 'true');
  if (callbackUrl !== null) query.set('callback', callbackUrl);
  return query;
}

function setLanguage(query: URLSearchParams, { language }: TranscribeCall): void {
  if (language !== undefined) query.set('language', language);
  else if (!query.has('language') && !query.has('detect_language')) {
    query.set('detect_language', 'true');
  }
}

function setTerms(query: URLSearchParams, { prompt }: TranscribeCall): void {
  if (prompt === undefined) return;
  query.delete('keyterm');
  for (const term of termsIn(prompt)) query.append('keyterm', term);
}

/** A list is a parameter that is repeated. Where the result is reported is decided here alone. */
function optionsQuery(options: JsonObject = {}): URLSearchParams {
  const { stream: _stream, callback: _callback, callback_method: _method, ...others } = options;
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(others)) {
    for (const item of isList(value) ? value : [value]) {
      query.append(name, typeof item === 'string' ? item : JSON.stringify(item));
    }
  }
  return query;
}

/** Only the newest models take words that help them. UNVERIFIED: which names future models will have. */
export function unsupportedFields(call: ModelCall): readonly string[] {
  const takesTerms = /^(?:nova-3|flux)/.test(call.model);
  return call.kind === 'transcribe' && call.prompt !== undefined && !takesTerms ? ['prompt'] : [];
}
