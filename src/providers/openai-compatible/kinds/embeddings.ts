import { isJsonObject, type Json } from '../../../domain/json.ts';
import type { EmbedCall } from '../../../domain/model/model-call.ts';
import { base64ToBytes } from '../../../domain/bytes.ts';
import type { WireValue } from '../../http/wire-body.ts';
import type { CallOutcome } from '../../port.ts';
import { isList, numbersOf } from '../../shared/json-fields.ts';
import { withOptions } from '../options.ts';
import type { OpenAiCompatibleProfile } from '../profile.ts';
import type { Reading } from '../reading.ts';
import { readDone, readNothing } from '../../shared/reading.ts';

/** The body of `POST /embeddings`. */
export function embedBody(call: EmbedCall, profile: OpenAiCompatibleProfile): WireValue {
  const { model, texts, dimensions } = call;
  return withOptions(call.options, {
    model,
    input: texts,
    ...(dimensions === undefined ? {} : { [profile.dimensionsField]: dimensions }),
    encoding_format: 'float',
  });
}

export function readEmbeddings(reading: Reading, call: EmbedCall): CallOutcome {
  const { data } = reading.body;
  if (!isList(data) || data.length !== call.texts.length) return readNothing(reading);
  const vectors = new Map<number, readonly number[]>();
  data.forEach((item, position) => {
    if (!isJsonObject(item)) return;
    const index = typeof item['index'] === 'number' ? item['index'] : position;
    const vector = readVector(item['embedding']);
    if (vector !== null) vectors.set(index, vector);
  });
  const ordered = call.texts.map((_text, index) => vectors.get(index) ?? []);
  if (ordered.some((vector) => vector.length === 0)) return readNothing(reading);
  return readDone(reading, { kind: 'embed', vectors: ordered });
}

/** Numbers, or 32-bit floats (little endian) in base64, which some servers send whatever was asked for. */
function readVector(value: Json | undefined): readonly number[] | null {
  if (typeof value !== 'string') return numbersOf(value);
  const bytes = base64ToBytes(value);
  if (bytes === null || bytes.length % 4 !== 0) return null;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const vector = Array.from({ length: bytes.length / 4 }, (_, at) => view.getFloat32(at * 4, true));
  return vector.every((number) => Number.isFinite(number)) ? vector : null;
}
