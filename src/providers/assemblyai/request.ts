import type { JsonObject } from '../../domain/json.ts';
import type { MediaRef } from '../../domain/model/media.ts';
import type { ModelCall, TranscribeCall } from '../../domain/model/model-call.ts';
import { FileBody, MediaSlot, type WireValue } from '../http/wire-body.ts';
import type { Ticket, WireRequest } from '../port.ts';
import { termsIn } from '../shared/terms.ts';

/** The header in which webhooks bring the deployment's own secret. */
export const secretHeader = 'x-penstock-webhook-secret';

/** What a submit says beside the call. */
export type Terms = {
  /** Where the sound lies: the answer to the upload. */
  readonly audioUrl: string;
  readonly callbackUrl: string | null;
  /** Sent back in `secretHeader`; empty for none. */
  readonly webhookSecret: string;
};

/** `POST /upload`: the sound, to an address that only the account can read. */
export function uploadRequest(audio: MediaRef): WireRequest {
  const headers = { 'content-type': 'application/octet-stream' };
  return { method: 'POST', path: '/upload', headers, body: new FileBody(audio) };
}

/** `POST /transcript`. Without terms, the sound stands where its address goes. */
export function transcriptRequest(call: ModelCall, terms: Terms | null = null): WireRequest {
  const headers = { 'content-type': 'application/json' };
  const body = call.kind === 'transcribe' ? transcriptBody(call, terms) : {};
  return { method: 'POST', path: '/transcript', headers, body };
}

export function statusRequest({ providerJobId }: Ticket): WireRequest {
  return get(`/transcript/${encodeURIComponent(providerJobId)}`);
}

/** The account's last transcripts, newest first. */
export function listRequest(limit: number): WireRequest {
  return get(`/transcript?limit=${limit}`);
}

function get(path: string): WireRequest {
  return { method: 'GET', path, headers: {}, body: {} };
}

function transcriptBody(call: TranscribeCall, terms: Terms | null): WireValue {
  const { audio, model, language, prompt, diarize = false } = call;
  const options = ownOptions(call.options);
  const knowsLanguage = 'language_code' in options || 'language_detection' in options;
  return {
    ...options,
    audio_url: terms === null ? new MediaSlot(audio, 'url') : terms.audioUrl,
    speech_models: [model],
    ...(language === undefined ? {} : { language_code: language }),
    ...(language === undefined && !knowsLanguage ? { language_detection: true } : {}),
    // UNVERIFIED: models before Universal-3 may take other names for it.
    ...(prompt === undefined ? {} : { keyterms_prompt: [...termsIn(prompt)] }),
    ...(diarize ? { speaker_labels: true } : {}),
    ...(terms === null ? {} : webhookFields(terms)),
  };
}

function webhookFields({ callbackUrl, webhookSecret }: Terms): JsonObject {
  if (callbackUrl === null) return {};
  return {
    webhook_url: callbackUrl,
    ...(webhookSecret === ''
      ? {}
      : { webhook_auth_header_name: secretHeader, webhook_auth_header_value: webhookSecret }),
  };
}

/** Where the end is reported is decided here alone. */
function ownOptions(options: JsonObject = {}): JsonObject {
  const {
    stream: _stream,
    speech_model: _model,
    webhook_url: _url,
    webhook_auth_header_name: _name,
    webhook_auth_header_value: _value,
    ...others
  } = options;
  return others;
}

/** Segments are what speakers say in one go, so they need speakers to be told apart. */
export function unsupportedFields(call: ModelCall): readonly string[] {
  const lacksTurns = call.kind === 'transcribe' && call.timestamps === 'segment' && !call.diarize;
  return lacksTurns ? ['timestamps'] : [];
}
