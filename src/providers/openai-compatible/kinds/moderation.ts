import type { JsonObject } from '../../../domain/json.ts';
import type { ModerateCall } from '../../../domain/model/model-call.ts';
import { MediaSlot, type WireValue } from '../../http/wire-body.ts';
import type { CallOutcome } from '../../port.ts';
import { numberAt, objectAt, objectsAt } from '../../shared/json-fields.ts';
import { withOptions } from '../options.ts';
import type { Reading } from '../reading.ts';
import { readDone, readNothing } from '../../shared/reading.ts';

/** The body of `POST /moderations`. */
export function moderateBody({ model, text, images = [], options }: ModerateCall): WireValue {
  const parts = [
    ...(text === undefined ? [] : [{ type: 'text', text }]),
    ...images.map((image) => ({
      type: 'image_url',
      image_url: { url: new MediaSlot(image, 'data_url') },
    })),
  ];
  return withOptions(options, { model, input: images.length === 0 ? (text ?? '') : parts });
}

export function readModeration(reading: Reading): CallOutcome {
  const results = objectsAt(reading.body, 'results');
  const judged = results.filter((result) => Object.keys(objectAt(result, 'categories')).length > 0);
  if (judged.length === 0) return readNothing(reading);
  const categories = judged.flatMap(categoriesOf);
  const isFlagged = judged.some((result) => result['flagged'] === true);
  // Mistral says it of the categories only.
  const flagged = isFlagged || categories.some((category) => category.flagged);
  return readDone(reading, { kind: 'moderate', flagged, categories });
}

function categoriesOf(result: JsonObject) {
  const scores = objectAt(result, 'category_scores');
  return Object.entries(objectAt(result, 'categories')).map(([category, value]) => ({
    category,
    flagged: value === true,
    score: scoreOf(scores, category),
  }));
}

function scoreOf(scores: JsonObject, category: string): number | null {
  const score = numberAt(scores, category);
  return score === null ? null : Math.min(1, Math.max(0, score));
}
