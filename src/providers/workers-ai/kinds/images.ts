import type { JsonObject } from '../../../domain/json.ts';
import type { ImageCall } from '../../../domain/model/model-call.ts';
import { MediaSlot, type WireValue } from '../../http/wire-body.ts';
import type { CallOutcome, WireReply } from '../../port.ts';
import { presentNames, textAt } from '../../shared/json-fields.ts';
import { readDone, readNothing, type ReplyReading } from '../../shared/reading.ts';
import { takesBarePrompt } from '../models.ts';

/** One picture, of the model's own format. */
export function unsupportedOfImage(call: ImageCall): readonly string[] {
  const { count, size, format, quality, negativePrompt, images = [], model } = call;
  const isBare = takesBarePrompt(model);
  const beyond = isBare ? { size, negativePrompt } : {};
  return [
    ...(count > 1 ? ['count'] : []),
    ...presentNames({ format, quality, ...beyond }),
    ...(images.length > (isBare ? 0 : 1) ? ['images'] : []),
  ];
}

export function imageInput(call: ImageCall): { readonly [name: string]: WireValue } {
  const { prompt, size, seed, negativePrompt, images = [], options = {} } = call;
  const [image] = images;
  return {
    ...options,
    prompt,
    ...(size === undefined ? {} : { width: size.width, height: size.height }),
    ...(seed === undefined ? {} : { seed }),
    ...(negativePrompt === undefined ? {} : { negative_prompt: negativePrompt }),
    ...(image === undefined ? {} : { image_b64: new MediaSlot(image, 'base64') }),
  };
}

/** Some models answer with the picture itself, others with JSON around its base64. */
export function readImage(reading: ReplyReading): CallOutcome {
  const bare = bareImage(reading.reply);
  const data = bare ?? textAt(reading.body, 'image');
  if (data === null) return readNothing(reading);
  const mimeType = bare === null ? null : imageType(reading.reply);
  const image = { media: { source: { kind: 'base64' as const, data }, mimeType } };
  return readDone(reading, { kind: 'image', images: [image] });
}

export function hasImage(reply: WireReply, body: JsonObject): boolean {
  return bareImage(reply) !== null || textAt(body, 'image') !== null;
}

function bareImage(reply: WireReply): string | null {
  const { body, headers } = reply;
  const isBytes = /^(?:image\/|application\/octet-stream)/.test(headers['content-type'] ?? '');
  return isBytes && typeof body === 'string' && body !== '' ? body : null;
}

function imageType({ headers }: WireReply): string | null {
  const [type = ''] = (headers['content-type'] ?? '').split(';');
  return type.startsWith('image/') ? type.trim() : null;
}
