import { isJsonObject, type Json, type JsonObject } from '../../domain/json.ts';
import type { ModelCall, Spent } from '../../domain/model/model-call.ts';
import type { Usage } from '../../domain/model/usage.ts';
import { usageOf as tokensOf } from '../openai-compatible/usage.ts';
import type { CallOutcome, WireReply } from '../port.ts';
import { chatOfClassify, classifyOutcome } from '../shared/classify-by-chat.ts';
import { ownWords, type Asked } from '../shared/failures.ts';
import { textAt, withoutZeros } from '../shared/json-fields.ts';
import { readNothing, saidSpent, type ReplyReading } from '../shared/reading.ts';
import { readChat } from './chat/reply.ts';
import { classify, isErrorReply, providerRequestId } from './errors.ts';
import { hasImage, readImage } from './kinds/images.ts';
import { readEmbeddings, readLabels, readModeration, readRanking } from './kinds/texts.ts';
import { audioMsOf, readTranscript } from './kinds/transcription.ts';
import { hasOwnLabels } from './models.ts';

/** Maps a whole reply, of either way to ask, to an outcome. */
export function toOutcome(asked: Asked, reply: WireReply, call: ModelCall): CallOutcome {
  const result = resultIn(reply.body);
  const body = isJsonObject(result) ? result : {};
  const spent = spentOn(asked, reply, body, call);
  if (!isErrorReply(reply)) return read({ asked, reply, body, call, spent }, result);
  const failure = classify(asked, { kind: 'reply', reply });
  return { kind: 'failed', failure, ...saidSpent(spent) };
}

/** Over HTTP the result lies in an envelope; the binding gives it bare. */
export function resultIn(body: Json): Json {
  const isEnvelope = isJsonObject(body) && 'result' in body && 'success' in body;
  return isEnvelope ? (body['result'] ?? null) : body;
}

function read(reading: ReplyReading, result: Json): CallOutcome {
  const { call } = reading;
  switch (call.kind) {
    case 'chat':
      return readChat(reading, call);
    case 'classify': {
      if (hasOwnLabels(call.model)) return readLabels(reading, result, call);
      const outcome = readChat(reading, chatOfClassify(call));
      return classifyOutcome(outcome, call, reading.asked, reading.reply);
    }
    case 'embed':
      return readEmbeddings(reading, call);
    case 'rerank':
      return readRanking(reading, call);
    case 'image':
      return readImage(reading);
    case 'transcribe':
      return readTranscript(reading, call);
    case 'moderate':
      return readModeration(reading);
    case 'summarize':
      return readNothing(reading);
  }
}

/** Cloudflare charges neurons, which it does not report; tokens, pictures and seconds are what they are made of. */
function spentOn(asked: Asked, reply: WireReply, body: JsonObject, call: ModelCall): Spent {
  const id = providerRequestId(reply);
  return {
    usage: withoutZeros(usageOf(reply, body, call)),
    rawUsage: body['usage'] ?? null,
    returnedModel: ownWords(textAt(body, 'model') ?? call.model, asked),
    providerRequestId: id === null ? null : ownWords(id, asked),
  };
}

function usageOf(reply: WireReply, body: JsonObject, call: ModelCall): Usage {
  const counted = tokensOf(body, call);
  if (call.kind === 'image') return { ...counted, images: hasImage(reply, body) ? 1 : 0 };
  return call.kind === 'transcribe' ? { ...counted, audioMs: audioMsOf(body) } : counted;
}
