import { isJsonObject, type JsonObject } from '../../domain/json.ts';
import type { ModelCall, Spent, TranscribeResult } from '../../domain/model/model-call.ts';
import type { CallOutcome, WireReply } from '../port.ts';
import { askedAt, type Account } from '../shared/account.ts';
import { ownWords } from '../shared/failures.ts';
import { isList, numberAt, objectsAt, secondsAsMs, textAt } from '../shared/json-fields.ts';
import { producedFrom } from '../shared/produced-media.ts';
import { readBad, readDone, readNothing, type ReplyReading } from '../shared/reading.ts';
import { classify } from './classify.ts';

/** What is known of a request beside its result. */
export type Known = {
  readonly requestId: string | null;
  /** `metrics` of the status. */
  readonly metrics: JsonObject;
};

/** The result of a request that has ended, as `GET …/requests/{id}` and the webhook's payload have it. */
export function readResult(
  account: Account,
  reply: WireReply,
  call: ModelCall,
  known: Known,
): CallOutcome {
  if (reply.status >= 300) {
    const evidence = { kind: 'reply' as const, reply };
    return { kind: 'failed', failure: classify(account, evidence, call.model, 'accepted') };
  }
  if (!isJsonObject(reply.body)) return readNothing(readingOf(account, reply, call, known));
  const reading = readingOf(account, reply, call, known);
  if (call.kind === 'image') return readImages(reading);
  return call.kind === 'transcribe'
    ? readTranscript(reading, call.timestamps)
    : readNothing(reading);
}

function readingOf(
  account: Account,
  reply: WireReply,
  call: ModelCall,
  { requestId, metrics }: Known,
): ReplyReading {
  const body = isJsonObject(reply.body) ? reply.body : {};
  const asked = askedAt(account, call.model);
  const computeMs = secondsAsMs(metrics, 'inference_time');
  const spent: Spent = {
    usage: computeMs === null ? {} : { computeMs },
    rawUsage: metrics,
    returnedModel: call.model,
    providerRequestId: requestId === null ? null : ownWords(requestId, asked),
  };
  return { asked, reply, body, call, spent };
}

/** An image that the safety check flagged is black: it is left out. */
function readImages(reading: ReplyReading): CallOutcome {
  const { body, spent } = reading;
  const items = [...objectsAt(body, 'images'), ...oneImage(body)];
  const flags = body['has_nsfw_concepts'];
  const isFlagged = (index: number): boolean => isList(flags) && flags[index] === true;
  const made = items.flatMap((item, index) => readImage(item, isFlagged(index)));
  const usage = { ...spent.usage, ...(items.length === 0 ? {} : { images: items.length }) };
  const counted = { ...reading, spent: { ...spent, usage } };
  const images = made.filter(({ flagged }) => !flagged).map(({ media }) => ({ media }));
  if (images.length > 0) return readDone(counted, { kind: 'image', images });
  if (made.length > 0) return readBad(counted, 'content_blocked_output', 'nsfw_flagged');
  return readBad(counted, 'output_invalid', 'no_image');
}

function oneImage({ image }: JsonObject): readonly JsonObject[] {
  return image !== undefined && isJsonObject(image) ? [image] : [];
}

function readImage(item: JsonObject, flagged: boolean) {
  const media = producedFrom(textAt(item, 'url') ?? '', textAt(item, 'content_type'));
  return media === null ? [] : [{ media, flagged }];
}

function readTranscript(
  reading: ReplyReading,
  timestamps: 'segment' | 'word' | undefined,
): CallOutcome {
  const { body } = reading;
  const { text, inferred_languages: languages } = body;
  if (typeof text !== 'string') return readBad(reading, 'output_invalid', 'no_transcript');
  const chunks = objectsAt(body, 'chunks').flatMap(readChunk);
  const language = isList(languages) ? languages[0] : undefined;
  return readDone(reading, {
    kind: 'transcribe',
    text,
    language: typeof language === 'string' ? language : null,
    durationSeconds: numberAt(body, 'duration'),
    segments: timestamps === 'word' ? [] : chunks,
    words:
      timestamps === 'word' ? chunks.map(({ text: word, ...times }) => ({ word, ...times })) : [],
  });
}

function readChunk(item: JsonObject): TranscribeResult['segments'] {
  const { text, timestamp } = item;
  const [start, end] = isList(timestamp) ? timestamp : [];
  if (typeof text !== 'string' || typeof start !== 'number' || typeof end !== 'number') return [];
  const speaker = textAt(item, 'speaker');
  return [{ text: text.trim(), start, end, ...(speaker === null ? {} : { speaker }) }];
}
