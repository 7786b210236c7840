import { isJsonObject, type JsonObject } from '../../domain/json.ts';
import type {
  ModelCall,
  Spent,
  TranscribeCall,
  TranscribeResult,
} from '../../domain/model/model-call.ts';
import type { Usage } from '../../domain/model/usage.ts';
import { failureSentence } from '../http/failure-sentence.ts';
import type { CallOutcome, Ticket, WireReply } from '../port.ts';
import { askedAt, type Account } from '../shared/account.ts';
import { ownWords } from '../shared/failures.ts';
import { listAt, numberAt, objectsAt, textAt, wholeMs, timesAt } from '../shared/json-fields.ts';
import { readBad, readDone, readNothing, type ReplyReading } from '../shared/reading.ts';
import { ticketOf } from '../shared/tickets.ts';
import { classify, verdictOfTranscript } from './classify.ts';

/** What a transcript that is still under way becomes. */
export type Waiting = {
  /** The ticket that was asked with; absent for the answer to a submit. */
  readonly ticket?: Ticket;
  readonly checkInMs: number;
};

const underWay: ReadonlySet<string> = new Set(['queued', 'processing']);

/** A transcript to an outcome: its own status decides. */
export function readTranscript(
  account: Account,
  reply: WireReply,
  call: ModelCall,
  { ticket: asked, checkInMs }: Waiting,
): CallOutcome {
  if (reply.status >= 300) {
    return { kind: 'failed', failure: classify(account, { kind: 'reply', reply }, call.model) };
  }
  const reading = readingOf(account, reply, call);
  const status = textAt(reading.body, 'status') ?? '';
  if (status === 'completed' && call.kind === 'transcribe') return readCompleted(reading, call);
  if (status === 'error') return readError(reading);
  const ticket = asked ?? ticketOf(textAt(reading.body, 'id'));
  return !underWay.has(status) || ticket === null
    ? readNothing(reading)
    : { kind: 'pending', ticket, checkInMs };
}

/** Is this about a transcript, and not about the question? */
export function tellsStatus({ status, body }: WireReply): boolean {
  const word = isJsonObject(body) && status < 300 ? (textAt(body, 'status') ?? '') : '';
  return underWay.has(word) || word === 'completed' || word === 'error';
}

function readingOf(account: Account, reply: WireReply, call: ModelCall): ReplyReading {
  const body = isJsonObject(reply.body) ? reply.body : {};
  const asked = askedAt(account, call.model);
  const id = textAt(body, 'id');
  const [model] = [textAt(body, 'speech_model_used'), ...namesIn(body)].filter(
    (name) => name !== null,
  );
  const { audio_duration = null, audio_channels = null } = body;
  const spent: Spent = {
    usage: usageOf(body),
    rawUsage: { audio_duration, audio_channels },
    returnedModel: model === undefined ? call.model : ownWords(model, asked),
    providerRequestId: id === null ? null : ownWords(id, asked),
  };
  return { asked, reply, body, call, spent };
}

/** UNVERIFIED: with several models asked for, which field names the one that ran; with one it does not matter. */
function namesIn(body: JsonObject): readonly string[] {
  return listAt(body, 'speech_models').filter((name) => typeof name === 'string');
}

/** `audio_duration` is in seconds. UNVERIFIED: channels are charged each where they were transcribed apart. */
function usageOf(body: JsonObject): Usage {
  const seconds = numberAt(body, 'audio_duration');
  const channels = body['multichannel'] === true ? (numberAt(body, 'audio_channels') ?? 1) : 1;
  const audioMs = seconds === null || channels < 1 ? null : wholeMs(seconds * channels);
  return audioMs === null ? {} : { audioMs };
}

function readCompleted(reading: ReplyReading, call: TranscribeCall): CallOutcome {
  const { body } = reading;
  const { text } = body;
  if (text !== null && typeof text !== 'string') {
    return readBad(reading, 'output_invalid', 'no_transcript');
  }
  return readDone(reading, {
    kind: 'transcribe',
    // Silence has no text.
    text: text ?? '',
    language: textAt(body, 'language_code'),
    durationSeconds: numberAt(body, 'audio_duration'),
    segments: call.diarize === true ? objectsAt(body, 'utterances').flatMap(readUtterance) : [],
    words: call.timestamps === 'word' ? objectsAt(body, 'words').flatMap(readWord) : [],
  });
}

function readError(reading: ReplyReading): CallOutcome {
  const { asked, body } = reading;
  const words = textAt(body, 'error') ?? 'no reason given';
  const verdict = verdictOfTranscript(words);
  const failure = {
    ...verdict,
    phase: 'accepted' as const,
    message: failureSentence(verdict.class, asked),
    detail: { message: ownWords(words, asked) },
  };
  return { kind: 'failed', failure };
}

function readUtterance(item: JsonObject): TranscribeResult['segments'] {
  const { text } = item;
  const times = timesOf(item);
  return typeof text !== 'string' || times === null ? [] : [{ text, ...times, ...speakerOf(item) }];
}

function readWord(item: JsonObject): TranscribeResult['words'] {
  const word = textAt(item, 'text');
  const times = timesOf(item);
  if (word === null || times === null) return [];
  const confidence = numberAt(item, 'confidence');
  return [{ word, ...times, ...(confidence === null ? {} : { confidence }), ...speakerOf(item) }];
}

/** `start` and `end` are in milliseconds. */
function timesOf(item: JsonObject): ReturnType<typeof timesAt> {
  const times = timesAt(item);
  return times === null ? null : { start: times.start / 1000, end: times.end / 1000 };
}

function speakerOf(item: JsonObject): { readonly speaker?: string } {
  const speaker = textAt(item, 'speaker');
  return speaker === null ? {} : { speaker };
}
