import type { JsonObject } from '../../domain/json.ts';
import type { ImageCall, ModelCall, TranscribeCall } from '../../domain/model/model-call.ts';
import { MediaSlot, type WireValue } from '../http/wire-body.ts';
import type { Ticket, WireRequest } from '../port.ts';
import { objectAt } from '../shared/json-fields.ts';
import { pathOf } from '../shared/path.ts';

type Fields = { readonly [name: string]: WireValue };

/** What a submit says beside the call. */
export type Terms = {
  readonly callbackUrl: string | null;
  /** How long the prediction may take, from its creation. */
  readonly msLeft: number | null;
};

const noTerms: Terms = { callbackUrl: null, msLeft: null };

/** The shortest that Replicate takes. UNVERIFIED: the bound is known from its reference only. */
const cancelAfterSecondsMin = 5;

/** `POST` of a prediction; which path depends on how the model is named. */
export function predictionRequest(call: ModelCall, terms: Terms = noTerms): WireRequest {
  const { path, version } = placeOf(call.model);
  const { callbackUrl, msLeft } = terms;
  const body = {
    ...ownOptions(call.options),
    ...(version === null ? {} : { version }),
    input: { ...objectAt(call.options ?? {}, 'input'), ...inputOf(call) },
    ...(callbackUrl === null ? {} : { webhook: callbackUrl, webhook_events_filter: ['completed'] }),
  };
  return {
    method: 'POST',
    path,
    headers: {
      'content-type': 'application/json',
      ...(msLeft === null ? {} : { 'cancel-after': durationText(msLeft) }),
    },
    body,
  };
}

export function statusRequest({ providerJobId }: Ticket): WireRequest {
  return get(`/predictions/${encodeURIComponent(providerJobId)}`);
}

export function cancelRequest({ providerJobId }: Ticket): WireRequest {
  const path = `/predictions/${encodeURIComponent(providerJobId)}/cancel`;
  return { method: 'POST', path, headers: {}, body: {} };
}

/** Predictions since a moment, newest first, a hundred in a page. */
export function listRequest(sinceMs: number, cursor: string | null): WireRequest {
  const query = new URLSearchParams({ created_after: new Date(sinceMs).toISOString() });
  if (cursor !== null) query.set('cursor', cursor);
  return get(`/predictions?${query.toString()}`);
}

function get(path: string): WireRequest {
  return { method: 'GET', path, headers: {}, body: {} };
}

/** How a model is named: `owner/name`, `owner/name:version`, a version alone, or `deployments/owner/name`. */
export type ModelName =
  | { readonly kind: 'model'; readonly name: string }
  | { readonly kind: 'version'; readonly version: string }
  | { readonly kind: 'deployment'; readonly name: string };

export function readModelName(model: string): ModelName {
  const deployment = /^deployments\/([^/:]+\/[^/:]+)$/.exec(model)?.[1];
  if (deployment !== undefined) return { kind: 'deployment', name: deployment };
  const version = /^[^/:]+\/[^/:]+:([^/:]+)$/.exec(model)?.[1];
  if (version !== undefined) return { kind: 'version', version };
  return /^[^/:]+\/[^/:]+$/.test(model)
    ? { kind: 'model', name: model }
    : { kind: 'version', version: model };
}

function placeOf(model: string): { readonly path: string; readonly version: string | null } {
  const named = readModelName(model);
  if (named.kind === 'version') return { path: '/predictions', version: named.version };
  const collection = named.kind === 'model' ? 'models' : 'deployments';
  return { path: `/${collection}/${pathOf(named.name)}/predictions`, version: null };
}

/** Where the end is reported, and which version runs, is decided here alone. */
function ownOptions(options: JsonObject = {}): JsonObject {
  const {
    stream: _stream,
    version: _version,
    webhook: _webhook,
    webhook_completed: _completed,
    webhook_events_filter: _filter,
    ...others
  } = options;
  return others;
}

function inputOf(call: ModelCall): Fields {
  if (call.kind === 'image') return imageInput(call);
  return call.kind === 'transcribe' ? transcribeInput(call) : {};
}

/**
 * The input names that most image models share. Each model has a schema of its own and may refuse what it does not
 * know, so only what the call says is sent; everything else goes through `options.input`.
 */
function imageInput(call: ImageCall): Fields {
  const { prompt, count, size, format, seed, negativePrompt, images = [] } = call;
  const [image] = images;
  return {
    prompt,
    ...(count === 1 ? {} : { num_outputs: count }),
    ...(size === undefined ? {} : { width: size.width, height: size.height }),
    ...(format === undefined ? {} : { output_format: format === 'jpeg' ? 'jpg' : format }),
    ...(seed === undefined ? {} : { seed }),
    ...(negativePrompt === undefined ? {} : { negative_prompt: negativePrompt }),
    ...(image === undefined ? {} : { image: new MediaSlot(image, 'url') }),
  };
}

/** The input names of `openai/whisper`. UNVERIFIED: its derivatives have others, e.g. `audio_file`. */
function transcribeInput({ audio, language, prompt }: TranscribeCall): Fields {
  return {
    audio: new MediaSlot(audio, 'url'),
    ...(language === undefined ? {} : { language }),
    ...(prompt === undefined ? {} : { initial_prompt: prompt }),
  };
}

/** What a prediction cannot be told, as the inputs of models have no common name for it. */
export function unsupportedFields(call: ModelCall): readonly string[] {
  if (call.kind === 'image') {
    return [
      ...(call.quality === undefined ? [] : ['quality']),
      ...((call.images?.length ?? 0) > 1 ? ['images'] : []),
    ];
  }
  if (call.kind !== 'transcribe') return [];
  return [
    ...(call.timestamps === 'word' ? ['timestamps'] : []),
    ...(call.diarize === true ? ['diarize'] : []),
  ];
}

/** As `Cancel-After` takes it, e.g. `1m30s`; rounded up to whole seconds. */
function durationText(ms: number): string {
  const total = Math.max(cancelAfterSecondsMin, Math.ceil(ms / 1000));
  const minutes = Math.floor(total / 60);
  const seconds = total % 60;
  const parts = [minutes === 0 ? '' : `${minutes}m`, seconds === 0 ? '' : `${seconds}s`];
  return parts.join('');
}
