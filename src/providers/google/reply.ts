import { isJsonObject, type JsonObject } from '../../domain/json.ts';
import type { ModelCall, Spent } from '../../domain/model/model-call.ts';
import type { CallOutcome, WireReply } from '../port.ts';
import { chatOfClassify, classifyOutcome } from '../shared/classify-by-chat.ts';
import { ownWords, type Asked } from '../shared/failures.ts';
import { textAt } from '../shared/json-fields.ts';
import { readNothing, saidSpent, type ReplyReading } from '../shared/reading.ts';
import { readChat } from './chat/reply.ts';
import { classify, isErrorReply } from './errors.ts';
import { readEmbeddings } from './kinds/embeddings.ts';
import { readImage } from './kinds/images.ts';
import { usageOf } from './usage.ts';

/** Maps a whole reply, success or not, to an outcome. */
export function toOutcome(asked: Asked, reply: WireReply, call: ModelCall): CallOutcome {
  const body = isJsonObject(reply.body) ? reply.body : {};
  const spent = spentOn(asked, body, call);
  if (!isErrorReply(reply)) return read({ asked, reply, body, call, spent });
  const failure = classify(asked, { kind: 'reply', reply });
  return { kind: 'failed', failure, ...saidSpent(spent) };
}

function read(reading: ReplyReading): CallOutcome {
  const { call, asked, reply } = reading;
  switch (call.kind) {
    case 'chat':
      return readChat(reading, call);
    case 'classify':
      return classifyOutcome(readChat(reading, chatOfClassify(call)), call, asked, reply);
    case 'embed':
      return readEmbeddings(reading, call);
    case 'image':
      return readImage(reading);
    case 'transcribe':
    case 'moderate':
    case 'rerank':
    case 'summarize':
      return readNothing(reading);
  }
}

function spentOn(asked: Asked, body: JsonObject, call: ModelCall): Spent {
  const id = textAt(body, 'responseId');
  return {
    usage: usageOf(body, call),
    rawUsage: body['usageMetadata'] ?? null,
    returnedModel: ownWords(textAt(body, 'modelVersion') ?? call.model, asked),
    providerRequestId: id === null ? null : ownWords(id, asked),
  };
}
