import {
  embeddedError,
  errorAnswer,
  faultAnswer,
  htmlErrorPage,
  jsonAnswer,
} from './error-answer.ts';
import { magicModels } from './magic-models.ts';
import { answerChat } from './openai/chat.ts';
import { answerEmbeddings } from './openai/embeddings.ts';
import { answerImages } from './openai/images.ts';
import { answerModeration } from './openai/moderations.ts';
import { answerResponses, type ResponseWork } from './openai/responses.ts';
import { answerTranscription } from './openai/transcription.ts';
import { RequestRefused, type Answer, type Call, type Scripted } from './types.ts';
import { answerAnthropic, type MessageBatch } from './anthropic/batches.ts';
import { answerAssemblyai, type Transcript } from './assemblyai/transcripts.ts';
import { answerDeepgram } from './deepgram/listen.ts';
import { answerFal, type FalRequest } from './fal/queue.ts';
import { answerGoogle } from './google/generate.ts';
import { answerReplicate, type Prediction } from './replicate/predictions.ts';
import { answerOwnService, type Picture } from './own-service/service.ts';
import { answerRetrieval } from './retrieval/rank.ts';
import { dialectOf, type WireDialect } from './wire-dialect.ts';
import type { Works } from './work.ts';
import { answerWorkersAi, type QueuedRun } from './workers-ai/run.ts';

/** What the pretended provider has, and what it is working on. */
export type World = {
  readonly models: readonly string[] | null;
  readonly works: Works<ResponseWork>;
  readonly predictions: Works<Prediction>;
  readonly falRequests: Works<FalRequest>;
  readonly messageBatches: Works<MessageBatch>;
  readonly queuedRuns: Works<QueuedRun>;
  readonly transcripts: Works<Transcript>;
  readonly pictures: Works<Picture>;
};

/** Makes the answer to a call. The time is an argument, and nothing is sent here; only the works change. */
export function answerFor(call: Call, scripted: Scripted, world: World, nowMs: number): Answer {
  const { fault } = scripted;
  const dialect = dialectOf(call.path);
  if (fault.status !== undefined) return faultAnswer(fault, fault.status, dialect, nowMs);
  if (fault.not_json === true) return htmlErrorPage;
  if (fault.error_in_200 === true) return jsonAnswer(200, embeddedError(fault), { paid: false });
  try {
    return dialect === 'openai'
      ? route(call, scripted, world, nowMs)
      : (routeElsewhere(dialect, call, scripted, world, nowMs) ?? noSuchPath(call));
  } catch (thrown) {
    if (thrown instanceof RequestRefused) return thrown.answer;
    throw thrown;
  }
}

function route(call: Call, scripted: Scripted, { models, works }: World, nowMs: number): Answer {
  const target = `${call.method} ${call.path}`;
  if (target === 'GET /v1/models') return listModels(models);
  if (call.model !== null && models !== null && !models.includes(call.model)) {
    const message = `The model \`${call.model}\` does not exist or you do not have access to it.`;
    return errorAnswer(404, { message, code: 'model_not_found' });
  }
  const responses = answerResponses(call, scripted, works, nowMs);
  return responses ?? routeAtOnce(target, call, scripted, nowMs);
}

/** What other vendors have; null for a path that they have not. */
function routeElsewhere(
  dialect: Exclude<WireDialect, 'openai'>,
  call: Call,
  scripted: Scripted,
  { predictions, falRequests, messageBatches, queuedRuns, transcripts, pictures }: World,
  nowMs: number,
): Answer | null {
  switch (dialect) {
    case 'replicate':
      return answerReplicate(call, scripted, predictions, nowMs);
    case 'deepgram':
      return answerDeepgram(call, scripted);
    case 'assemblyai':
      return answerAssemblyai(call, scripted, transcripts, nowMs);
    case 'fal':
      return answerFal(call, scripted, falRequests, nowMs);
    case 'anthropic':
      return answerAnthropic(call, scripted, messageBatches, nowMs);
    case 'google':
      return answerGoogle(call, scripted);
    case 'workers-ai':
      return answerWorkersAi(call, scripted, queuedRuns, nowMs);
    case 'own':
      return answerOwnService(call, scripted, pictures, nowMs);
    case 'cohere':
    case 'jina':
    case 'voyage':
      return answerRetrieval(dialect, call, scripted);
  }
}

/** What is answered in one exchange. */
function routeAtOnce(target: string, call: Call, scripted: Scripted, nowMs: number): Answer {
  if (target === 'POST /v1/chat/completions') return answerChat(call, scripted, nowMs);
  if (target === 'POST /v1/embeddings') return answerEmbeddings(call, scripted);
  if (target === 'POST /v1/audio/transcriptions') return answerTranscription(call, scripted);
  if (target === 'POST /v1/moderations') return answerModeration(call);
  if (/^POST \/v1\/images\/(?:generations|edits)$/.test(target)) {
    return answerImages(call, scripted, nowMs);
  }
  return noSuchPath(call);
}

function noSuchPath({ method, path }: Call): Answer {
  const message = `Invalid URL (${method} ${path})`;
  return errorAnswer(404, { message, code: 'unknown_url' }, dialectOf(path));
}

function listModels(models: readonly string[] | null): Answer {
  const ids = models ?? ['sim-chat', 'sim-embed', ...magicModels];
  const data = ids.map((id) => ({ id, object: 'model', created: 0, owned_by: 'simulator' }));
  return jsonAnswer(200, { object: 'list', data }, { paid: false });
}
