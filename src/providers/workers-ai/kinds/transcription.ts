import type { JsonObject } from '../../../domain/json.ts';
import type { TranscribeCall, TranscribeResult } from '../../../domain/model/model-call.ts';
import { FileBody, MediaSlot, type WireBody } from '../../http/wire-body.ts';
import type { CallOutcome } from '../../port.ts';
import { numberAt, objectAt, objectsAt, textAt, timesAt } from '../../shared/json-fields.ts';
import { readDone, readNothing, type ReplyReading } from '../../shared/reading.ts';
import { takesBareSound } from '../models.ts';

export function unsupportedOfTranscript(call: TranscribeCall): readonly string[] {
  const { language, prompt, timestamps, diarize = false, model } = call;
  const isBare = takesBareSound(model);
  return [
    ...(language !== undefined && isBare ? ['language'] : []),
    ...(prompt !== undefined && isBare ? ['prompt'] : []),
    ...(timestamps === 'segment' && isBare ? ['timestamps'] : []),
    ...(diarize ? ['diarize'] : []),
  ];
}

export function transcribeInput(call: TranscribeCall): WireBody {
  const { model, audio, language, prompt, options = {} } = call;
  if (takesBareSound(model)) return new FileBody(audio);
  return {
    ...options,
    audio: new MediaSlot(audio, 'base64'),
    ...(language === undefined ? {} : { language }),
    ...(prompt === undefined ? {} : { initial_prompt: prompt }),
  };
}

export function readTranscript(reading: ReplyReading, call: TranscribeCall): CallOutcome {
  const { body } = reading;
  const { text } = body;
  if (typeof text !== 'string') return readNothing(reading);
  const parts = objectsAt(body, 'segments');
  const words = [...objectsAt(body, 'words'), ...parts.flatMap((part) => objectsAt(part, 'words'))];
  const info = objectAt(body, 'transcription_info');
  return readDone(reading, {
    kind: 'transcribe',
    text: text.trim(),
    language: textAt(info, 'language'),
    durationSeconds: numberAt(info, 'duration'),
    segments: call.timestamps === 'segment' ? parts.flatMap(readSegment) : [],
    words: call.timestamps === 'word' ? words.flatMap(readWord) : [],
  });
}

/** The length of the sound, where the model says it. */
export function audioMsOf(body: JsonObject): number {
  return Math.round((numberAt(objectAt(body, 'transcription_info'), 'duration') ?? 0) * 1000);
}

function readSegment(part: JsonObject): TranscribeResult['segments'] {
  const text = textAt(part, 'text');
  const times = timesAt(part);
  return text === null || times === null ? [] : [{ text: text.trim(), ...times }];
}

function readWord(item: JsonObject): TranscribeResult['words'] {
  const word = textAt(item, 'word');
  const times = timesAt(item);
  return word === null || times === null ? [] : [{ word: word.trim(), ...times }];
}
