/** A prediction's output has the shape that its model gives it: a text, a list, an object, files as addresses. */
import { isJsonObject, type Json, type JsonObject } from '../../domain/json.ts';
import type { ProducedMedia } from '../../domain/model/media.ts';
import type { TranscribeResult } from '../../domain/model/model-call.ts';
import type { CallOutcome } from '../port.ts';
import { isList, numberAt, objectsAt, textAt } from '../shared/json-fields.ts';
import { producedFrom } from '../shared/produced-media.ts';
import { readBad, readDone, type ReplyReading } from '../shared/reading.ts';

export function readOutput(reading: ReplyReading, output: Json): CallOutcome {
  return reading.call.kind === 'transcribe'
    ? readTranscript(reading, output)
    : readImages(reading, output);
}

function readImages(reading: ReplyReading, output: Json): CallOutcome {
  const images = filesIn(output, nestingMax).map((media) => ({ media }));
  if (images.length === 0) return readBad(reading, 'output_invalid', 'no_image');
  const usage = { ...reading.spent.usage, images: images.length };
  return readDone({ ...reading, spent: { ...reading.spent, usage } }, { kind: 'image', images });
}

const nestingMax = 3;
const fileFields = ['url', 'uri', 'image', 'images', 'output', 'files'] as const;

function filesIn(output: Json | undefined, depth: number): readonly ProducedMedia[] {
  if (output === undefined || depth < 0) return [];
  if (typeof output === 'string') return fileAt(output);
  if (isList(output)) return output.flatMap((item) => filesIn(item, depth - 1));
  if (!isJsonObject(output)) return [];
  const found = fileFields.map((field) => filesIn(output[field], depth - 1));
  return found.find((files) => files.length > 0) ?? [];
}

function fileAt(text: string): readonly ProducedMedia[] {
  const media = producedFrom(text, null);
  return media === null ? [] : [media];
}

function readTranscript(reading: ReplyReading, output: Json): CallOutcome {
  const { call } = reading;
  const fields = isJsonObject(output) ? output : {};
  const text = textIn(output);
  if (text === null || call.kind !== 'transcribe') {
    return readBad(reading, 'output_invalid', 'no_transcript');
  }
  const segments = [...objectsAt(fields, 'segments'), ...objectsAt(fields, 'chunks')];
  return readDone(reading, {
    kind: 'transcribe',
    text,
    language: textAt(fields, 'detected_language') ?? textAt(fields, 'language'),
    durationSeconds: numberAt(fields, 'duration'),
    segments: call.timestamps === undefined ? [] : segments.flatMap(readSegment),
    words: [],
  });
}

function textIn(output: Json): string | null {
  if (typeof output === 'string') return output;
  // A model that streams its text gives it in pieces.
  if (isList(output) && output.every((piece) => typeof piece === 'string')) return output.join('');
  if (!isJsonObject(output)) return null;
  const said = ['text', 'transcription', 'transcript'].map((field) => output[field]);
  return said.find((value) => typeof value === 'string') ?? null;
}

/** With `start` and `end`, or with both in `timestamp`. */
function readSegment(item: JsonObject): TranscribeResult['segments'] {
  const { text, timestamp } = item;
  const [first, second] = isList(timestamp) ? timestamp : [];
  const start = numberAt(item, 'start') ?? first;
  const end = numberAt(item, 'end') ?? second;
  if (typeof text !== 'string' || typeof start !== 'number' || typeof end !== 'number') return [];
  const speaker = textAt(item, 'speaker');
  return [{ text: text.trim(), start, end, ...(speaker === null ? {} : { speaker }) }];
}
