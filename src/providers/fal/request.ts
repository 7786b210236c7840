import type { Json, JsonObject } from '../../domain/json.ts';
import type { ImageCall, ModelCall, TranscribeCall } from '../../domain/model/model-call.ts';
import { MediaSlot, type WireValue } from '../http/wire-body.ts';
import type { Ticket, WireRequest } from '../port.ts';
import { pathOf } from '../shared/path.ts';

type Fields = { readonly [name: string]: WireValue };

/** What a submit says beside the call. */
export type Terms = {
  readonly callbackUrl: string | null;
  /** How long the work may wait for its start. */
  readonly msLeft: number | null;
};

const noTerms: Terms = { callbackUrl: null, msLeft: null };

/** fal wants more than one second. */
const startTimeoutSecondsMin = 2;

/** Options that are told in headers; all others are the model's own fields. */
const priorities: ReadonlySet<Json> = new Set<Json>(['normal', 'low']);

/** Puts a call into the queue of its model. fal's own retries are off: there is one retry loop, and it is ours. */
export function submitRequest(call: ModelCall, terms: Terms = noTerms): WireRequest {
  const { priority, options } = ownOptions(call.options);
  const { callbackUrl, msLeft } = terms;
  const query =
    callbackUrl === null ? '' : `?${new URLSearchParams({ fal_webhook: callbackUrl }).toString()}`;
  return {
    method: 'POST',
    path: `/${pathOf(call.model)}${query}`,
    headers: {
      'content-type': 'application/json',
      'x-fal-no-retry': '1',
      ...(priority === null ? {} : { 'x-fal-queue-priority': priority }),
      ...(msLeft === null ? {} : { 'x-fal-request-timeout': secondsText(msLeft) }),
    },
    body: { ...options, ...inputOf(call) },
  };
}

export function statusRequest(call: ModelCall, ticket: Ticket): WireRequest {
  return { method: 'GET', path: `${workPath(call, ticket)}/status`, headers: {}, body: {} };
}

export function resultRequest(call: ModelCall, ticket: Ticket): WireRequest {
  return { method: 'GET', path: workPath(call, ticket), headers: {}, body: {} };
}

export function cancelRequest(call: ModelCall, ticket: Ticket): WireRequest {
  return { method: 'PUT', path: `${workPath(call, ticket)}/cancel`, headers: {}, body: {} };
}

/** What the models have no common name for. */
export function unsupportedFields(call: ModelCall): readonly string[] {
  return call.kind === 'image' && call.quality !== undefined ? ['quality'] : [];
}

/** The app alone has a queue: of `fal-ai/flux/dev` the sub-path `dev` is left out. */
function workPath({ model }: ModelCall, { providerJobId }: Ticket): string {
  const parts = model.split('/').filter((part) => part !== '');
  // A workflow's owner and name stand behind its kind.
  const count = parts[0] === 'workflows' || parts[0] === 'comfy' ? 3 : 2;
  const app = pathOf(parts.slice(0, count).join('/'));
  return `/${app}/requests/${encodeURIComponent(providerJobId)}`;
}

function secondsText(ms: number): string {
  return String(Math.max(startTimeoutSecondsMin, Math.ceil(ms / 1000)));
}

function ownOptions(given: JsonObject = {}): {
  readonly priority: string | null;
  readonly options: JsonObject;
} {
  const { stream: _stream, fal_webhook: _webhook, priority, ...options } = given;
  const isPriority = typeof priority === 'string' && priorities.has(priority);
  return { priority: isPriority ? priority : null, options };
}

function inputOf(call: ModelCall): Fields {
  if (call.kind === 'image') return imageInput(call);
  return call.kind === 'transcribe' ? transcribeInput(call) : {};
}

/** The field names that fal's own image models share. */
function imageInput(call: ImageCall): Fields {
  const { prompt, count, size, format, seed, negativePrompt } = call;
  return {
    prompt,
    ...(count === 1 ? {} : { num_images: count }),
    ...(size === undefined ? {} : { image_size: { width: size.width, height: size.height } }),
    ...(format === undefined ? {} : { output_format: format }),
    ...(seed === undefined ? {} : { seed }),
    ...(negativePrompt === undefined ? {} : { negative_prompt: negativePrompt }),
    ...imagesOf(call),
  };
}

/** One image has a field of its own; models that take several take a list. */
function imagesOf({ images = [] }: ImageCall): Fields {
  const slots = images.map((image) => new MediaSlot(image, 'url'));
  const [first] = slots;
  if (first === undefined) return {};
  return slots.length === 1 ? { image_url: first } : { image_urls: slots };
}

/** The field names of `fal-ai/whisper`. */
function transcribeInput({ audio, language, prompt, timestamps, diarize }: TranscribeCall): Fields {
  return {
    audio_url: new MediaSlot(audio, 'url'),
    ...(language === undefined ? {} : { language }),
    ...(prompt === undefined ? {} : { prompt }),
    ...(timestamps === undefined ? {} : { chunk_level: timestamps }),
    ...(diarize === true ? { diarize } : {}),
  };
}
