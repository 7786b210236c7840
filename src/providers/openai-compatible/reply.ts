import type { ModelCall } from '../../domain/model/model-call.ts';
import type { CallOutcome, WireReply } from '../port.ts';
import { chatOfClassify, classifyOutcome } from '../shared/classify-by-chat.ts';
import { readChat } from './chat/reply.ts';
import { askedOf, classify, isErrorReply } from './errors/classify.ts';
import { readEmbeddings } from './kinds/embeddings.ts';
import { readImages } from './kinds/images.ts';
import { readModeration } from './kinds/moderation.ts';
import { readTranscript } from './kinds/transcription.ts';
import { readingOf, type Reading } from './reading.ts';
import { saidSpent, readNothing } from '../shared/reading.ts';
import type { OpenAiCompatibleSettings } from './settings.ts';

/** Maps a whole reply, success or not, to an outcome. */
export function toOutcome(
  settings: OpenAiCompatibleSettings,
  reply: WireReply,
  call: ModelCall,
): CallOutcome {
  const reading = readingOf(settings, reply, call);
  if (!isErrorReply(reply)) return read(reading);
  const failure = classify(settings, { kind: 'reply', reply }, call.model);
  return { kind: 'failed', failure, ...saidSpent(reading.spent) };
}

function read(reading: Reading): CallOutcome {
  const { call } = reading;
  switch (call.kind) {
    case 'chat':
      return readChat(reading, call);
    case 'classify': {
      const outcome = readChat(reading, chatOfClassify(call));
      return classifyOutcome(outcome, call, askedOf(reading.settings, call.model), reading.reply);
    }
    case 'embed':
      return readEmbeddings(reading, call);
    case 'image':
      return readImages(reading, call);
    case 'transcribe':
      return readTranscript(reading, call);
    case 'moderate':
      return readModeration(reading);
    case 'rerank':
    case 'summarize':
      return readNothing(reading);
  }
}
