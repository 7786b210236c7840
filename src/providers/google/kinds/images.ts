import type { JsonObject } from '../../../domain/json.ts';
import type { ImageCall, ImageResult } from '../../../domain/model/model-call.ts';
import type { WireValue } from '../../http/wire-body.ts';
import type { CallOutcome } from '../../port.ts';
import { objectAt, objectOf, textAt } from '../../shared/json-fields.ts';
import { readBad, readDone, type ReplyReading } from '../../shared/reading.ts';
import { inlinePart } from '../chat/contents.ts';
import { firstCandidate, isThought, partsOf } from '../chat/reply.ts';
import { configFields } from '../chat/request.ts';

/**
 * The sizes that can be had, by the ratio that asks for them.
 * UNVERIFIED: those of `gemini-2.5-flash-image`; later models give slightly other ones for the same ratio.
 */
const ratioBySize: Readonly<Record<string, string>> = {
  '1024x1024': '1:1',
  '832x1248': '2:3',
  '1248x832': '3:2',
  '864x1184': '3:4',
  '1184x864': '4:3',
  '896x1152': '4:5',
  '1152x896': '5:4',
  '768x1344': '9:16',
  '1344x768': '16:9',
  '1536x672': '21:9',
};

/** What `:generateContent` with a picture as its answer cannot be told. */
export function unsupportedOfImage(call: ImageCall): readonly string[] {
  const { count, size, format, quality, negativePrompt } = call;
  return [
    ...(count > 1 ? ['count'] : []),
    ...(size !== undefined && ratioOf(call) === null ? ['size'] : []),
    ...(format === undefined ? [] : ['format']),
    ...(quality === undefined ? [] : ['quality']),
    ...(negativePrompt === undefined ? [] : ['negativePrompt']),
  ];
}

export function imageBody(call: ImageCall): WireValue {
  const { prompt, images = [], seed, options = {} } = call;
  const ratio = ratioOf(call);
  const given = objectAt(objectAt(options, 'generationConfig'), 'imageConfig');
  return {
    ...options,
    contents: [{ role: 'user', parts: [{ text: prompt }, ...images.map(inlinePart)] }],
    ...configFields(options, {
      responseModalities: ['TEXT', 'IMAGE'],
      ...(ratio === null ? {} : { imageConfig: { ...given, aspectRatio: ratio } }),
      ...(seed === undefined ? {} : { seed }),
    }),
  };
}

/** A model that only talks about the picture has not made one. */
export function readImage(reading: ReplyReading): CallOutcome {
  const first = firstCandidate(reading);
  if ('kind' in first) return first;
  const parts = partsOf(first.candidate).filter((part) => !isThought(part));
  const images = parts.flatMap(imageOf);
  const words = parts.flatMap((part) => textAt(part, 'text') ?? []).join('');
  if (images.length === 0) return readBad(reading, 'output_invalid', 'image_missing', words);
  return readDone(reading, { kind: 'image', images });
}

/** The pictures in a reply, without those of its thoughts. */
export function imagesIn(candidate: JsonObject): ImageResult['images'] {
  return partsOf(candidate)
    .filter((part) => !isThought(part))
    .flatMap(imageOf);
}

function imageOf(part: JsonObject): ImageResult['images'] {
  const inline = objectOf(part['inlineData']);
  const data = inline === null ? null : textAt(inline, 'data');
  if (inline === null || data === null) return [];
  return [{ media: { source: { kind: 'base64', data }, mimeType: textAt(inline, 'mimeType') } }];
}

function ratioOf({ size }: ImageCall): string | null {
  const name = size === undefined ? '' : `${size.width}x${size.height}`;
  return Object.hasOwn(ratioBySize, name) ? (ratioBySize[name] ?? null) : null;
}
