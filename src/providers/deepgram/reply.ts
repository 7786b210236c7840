import { isJsonObject, type JsonObject } from '../../domain/json.ts';
import type {
  ModelCall,
  Spent,
  TranscribeCall,
  TranscribeResult,
} from '../../domain/model/model-call.ts';
import type { Usage } from '../../domain/model/usage.ts';
import type { CallOutcome, WireReply } from '../port.ts';
import { askedAt, type Account } from '../shared/account.ts';
import { ownWords } from '../shared/failures.ts';
import {
  listAt,
  numberAt,
  objectAt,
  objectsAt,
  textAt,
  wholeMs,
  timesAt,
} from '../shared/json-fields.ts';
import { readDone, readNothing, type ReplyReading } from '../shared/reading.ts';
import { ticketOf } from '../shared/tickets.ts';
import { classify, isErrorBody } from './classify.ts';

/** A transcript, or the ticket of one that is reported later; then there is nothing to ask until `checkInMs`. */
export function readReply(
  account: Account,
  reply: WireReply,
  call: ModelCall,
  checkInMs: number,
): CallOutcome {
  if (reply.status >= 300 || isErrorBody(reply.body)) {
    return { kind: 'failed', failure: classify(account, { kind: 'reply', reply }, call.model) };
  }
  const reading = readingOf(account, reply, call);
  const channels = objectsAt(objectAt(reading.body, 'results'), 'channels');
  if (channels.length > 0 && call.kind === 'transcribe') {
    return readTranscript(reading, call, channels);
  }
  const ticket = ticketOf(textAt(reading.body, 'request_id'));
  return ticket === null || reading.body['results'] !== undefined
    ? readNothing(reading)
    : { kind: 'pending', ticket, checkInMs };
}

/** What a callback says; null when it says nothing of the work. */
export function readCallback(
  account: Account,
  body: JsonObject,
  call: ModelCall,
): CallOutcome | null {
  const reply: WireReply = { status: 200, headers: {}, body };
  if (isErrorBody(body)) {
    const evidence = { kind: 'reply' as const, reply };
    return { kind: 'failed', failure: classify(account, evidence, call.model, 'accepted') };
  }
  const outcome = readReply(account, reply, call, 0);
  return outcome.kind === 'done' ? outcome : null;
}

function readingOf(account: Account, reply: WireReply, call: ModelCall): ReplyReading {
  const body = isJsonObject(reply.body) ? reply.body : {};
  const asked = askedAt(account, call.model);
  const metadata = objectAt(body, 'metadata');
  const requestId = textAt(metadata, 'request_id') ?? textAt(body, 'request_id');
  const spent: Spent = {
    usage: usageOf(metadata),
    rawUsage: rawUsageOf(metadata),
    returnedModel: modelIn(metadata, asked) ?? call.model,
    providerRequestId: requestId === null ? null : ownWords(requestId, asked),
  };
  return { asked, reply, body, call, spent };
}

/** Each channel is charged for its whole length. */
function usageOf(metadata: JsonObject): Usage {
  const seconds = numberAt(metadata, 'duration');
  const channels = numberAt(metadata, 'channels') ?? 1;
  const audioMs = seconds === null || channels < 1 ? null : wholeMs(seconds * channels);
  return audioMs === null ? {} : { audioMs };
}

function rawUsageOf(metadata: JsonObject): JsonObject {
  const { duration = null, channels = null } = metadata;
  return { duration, channels };
}

/** `model_info` has a field for each model, under its id. */
function modelIn(metadata: JsonObject, asked: ReplyReading['asked']): string | null {
  const [id] = listAt(metadata, 'models');
  const info = typeof id === 'string' ? objectAt(objectAt(metadata, 'model_info'), id) : {};
  const name = textAt(info, 'name');
  return name === null ? null : ownWords(name, asked);
}

function readTranscript(
  reading: ReplyReading,
  { timestamps, diarize }: TranscribeCall,
  channels: readonly JsonObject[],
): CallOutcome {
  const best = channels.flatMap((channel) => objectsAt(channel, 'alternatives').slice(0, 1));
  const texts = best.flatMap((alternative) => textAt(alternative, 'transcript') ?? []);
  const wantsSegments = timestamps === 'segment' || diarize === true;
  const utterances = objectsAt(objectAt(reading.body, 'results'), 'utterances');
  const words = best.flatMap((alternative) => objectsAt(alternative, 'words').flatMap(readWord));
  return readDone(reading, {
    kind: 'transcribe',
    text: texts.join('\n'),
    language: channels.flatMap((channel) => textAt(channel, 'detected_language') ?? [])[0] ?? null,
    durationSeconds: numberAt(objectAt(reading.body, 'metadata'), 'duration'),
    segments: wantsSegments ? utterances.flatMap(readUtterance) : [],
    words: timestamps === 'word' ? words.toSorted((left, right) => left.start - right.start) : [],
  });
}

function readWord(item: JsonObject): TranscribeResult['words'] {
  const word = textAt(item, 'punctuated_word') ?? textAt(item, 'word');
  const times = timesAt(item);
  if (word === null || times === null) return [];
  const confidence = numberAt(item, 'confidence');
  return [{ word, ...times, ...(confidence === null ? {} : { confidence }), ...speakerOf(item) }];
}

function readUtterance(item: JsonObject): TranscribeResult['segments'] {
  const { transcript } = item;
  const times = timesAt(item);
  if (typeof transcript !== 'string' || times === null) return [];
  return [{ text: transcript, ...times, ...speakerOf(item) }];
}

/** Speakers are numbered from 0. */
function speakerOf(item: JsonObject): { readonly speaker?: string } {
  const speaker = numberAt(item, 'speaker');
  return speaker === null ? {} : { speaker: String(speaker) };
}
