import type { JsonObject } from '../../../domain/json.ts';
import type { TranscribeCall, TranscribeResult } from '../../../domain/model/model-call.ts';
import { MultipartBody } from '../../http/wire-body.ts';
import type { CallOutcome } from '../../port.ts';
import { numberAt, objectsAt, textAt, timesAt } from '../../shared/json-fields.ts';
import { withFormOptions } from '../options.ts';
import type { OpenAiCompatibleProfile } from '../profile.ts';
import type { Reading } from '../reading.ts';
import { readDone, readNothing } from '../../shared/reading.ts';
import { isDiarizing } from '../unsupported.ts';

/** The form of `POST /audio/transcriptions`. */
export function transcribeBody(
  call: TranscribeCall,
  profile: OpenAiCompatibleProfile,
): MultipartBody {
  const { model, language, prompt, timestamps } = call;
  const asksForSpeakers = call.diarize === true && profile.diarizesBy === 'field';
  const format = formatOf(model, profile);
  const isTimed = timestamps !== undefined && format !== 'diarized_json';
  return new MultipartBody(
    withFormOptions(call.options, [
      { name: 'model', value: model },
      { name: 'file', value: call.audio },
      ...(language === undefined ? [] : [{ name: 'language', value: language }]),
      ...(prompt === undefined ? [] : [{ name: 'prompt', value: prompt }]),
      ...(format === null ? [] : [{ name: 'response_format', value: format }]),
      ...(isTimed ? [{ name: 'timestamp_granularities[]', value: timestamps }] : []),
      ...(asksForSpeakers ? [{ name: 'diarize', value: 'true' }] : []),
      // Wanted for sound of more than 30 seconds.
      ...(format === 'diarized_json' ? [{ name: 'chunking_strategy', value: 'auto' }] : []),
    ]),
  );
}

/** The richest form that the model can answer in: with it comes the duration, by which it is charged. */
function formatOf(model: string, profile: OpenAiCompatibleProfile): string | null {
  if (!profile.transcriptFormats) return null;
  if (isDiarizing(model)) return 'diarized_json';
  return profile.timedModels.test(model) ? 'verbose_json' : 'json';
}

export function readTranscript(reading: Reading, call: TranscribeCall): CallOutcome {
  const { body } = reading;
  const { text } = body;
  if (typeof text !== 'string') return readNothing(reading);
  const wantsSegments = call.timestamps === 'segment' || call.diarize === true;
  return readDone(reading, {
    kind: 'transcribe',
    text,
    language: textAt(body, 'language'),
    durationSeconds: numberAt(body, 'duration'),
    segments: wantsSegments ? objectsAt(body, 'segments').flatMap(readSegment) : [],
    words: call.timestamps === 'word' ? objectsAt(body, 'words').flatMap(readWord) : [],
  });
}

function readSegment(item: JsonObject): TranscribeResult['segments'] {
  const { text } = item;
  const times = timesAt(item);
  if (typeof text !== 'string' || times === null) return [];
  return [{ text, ...times, ...speakerOf(item) }];
}

function readWord(item: JsonObject): TranscribeResult['words'] {
  const word = textAt(item, 'word');
  const times = timesAt(item);
  return word === null || times === null ? [] : [{ word, ...times, ...speakerOf(item) }];
}

function speakerOf(item: JsonObject): { readonly speaker?: string } {
  // UNVERIFIED: `speaker_id` is Mistral's name for it.
  const speaker = textAt(item, 'speaker') ?? textAt(item, 'speaker_id');
  return speaker === null ? {} : { speaker };
}
