import type { Json, JsonObject } from '../../../domain/json.ts';
import type { ImageCall, ImageResult } from '../../../domain/model/model-call.ts';
import { MultipartBody, type WireBody } from '../../http/wire-body.ts';
import type { CallOutcome } from '../../port.ts';
import { objectsAt, textAt } from '../../shared/json-fields.ts';
import { withFormOptions, withOptions } from '../options.ts';
import type { OpenAiCompatibleProfile } from '../profile.ts';
import type { Reading } from '../reading.ts';
import { readDone, readNothing } from '../../shared/reading.ts';

type Content = { readonly path: string; readonly body: WireBody };

/** `POST /images/generations`, or the form of `/images/edits` when there are images to start from. */
export function imageRequest(call: ImageCall, profile: OpenAiCompatibleProfile): Content {
  const fields = profile.imageFields === 'together' ? togetherFields(call) : openAiFields(call);
  const { images = [] } = call;
  if (images.length === 0) {
    return { path: '/images/generations', body: withOptions(call.options, fields) };
  }
  const texts = Object.entries(fields).map(([name, value]) => ({ name, value: formText(value) }));
  const files = images.map((image) => ({ name: 'image[]', value: image }));
  const form = new MultipartBody(withFormOptions(call.options, [...texts, ...files]));
  return { path: '/images/edits', body: form };
}

function formText(value: Json): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}

function openAiFields({ model, prompt, count, size, format, quality }: ImageCall): JsonObject {
  return {
    model,
    prompt,
    n: count,
    ...(size === undefined ? {} : { size: `${size.width}x${size.height}` }),
    ...(format === undefined ? {} : { output_format: format }),
    ...(quality === undefined ? {} : { quality }),
  };
}

function togetherFields(call: ImageCall): JsonObject {
  const { model, prompt, count, size, format, seed, negativePrompt } = call;
  return {
    model,
    prompt,
    n: count,
    ...(size === undefined ? {} : { width: size.width, height: size.height }),
    ...(format === undefined ? {} : { output_format: format }),
    ...(seed === undefined ? {} : { seed }),
    ...(negativePrompt === undefined ? {} : { negative_prompt: negativePrompt }),
    response_format: 'base64',
  };
}

export function readImages(reading: Reading, call: ImageCall): CallOutcome {
  const format = textAt(reading.body, 'output_format') ?? call.format ?? null;
  const images = objectsAt(reading.body, 'data').flatMap((item) => readImage(item, format));
  return images.length === 0 ? readNothing(reading) : readDone(reading, { kind: 'image', images });
}

function readImage(item: JsonObject, format: string | null): ImageResult['images'] {
  const data = textAt(item, 'b64_json');
  const url = textAt(item, 'url');
  const revised = textAt(item, 'revised_prompt');
  const more = revised === null ? {} : { revisedPrompt: revised };
  const mimeType = format === null ? null : `image/${format}`;
  if (data !== null) return [{ media: { source: { kind: 'base64', data }, mimeType }, ...more }];
  if (url === null) return [];
  return [{ media: { source: { kind: 'url', url }, mimeType }, ...more }];
}
