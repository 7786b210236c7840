import { answerChat } from './chat.ts';
import { answerEmbeddings } from './embeddings.ts';
import {
  embeddedError,
  errorAnswer,
  faultAnswer,
  htmlErrorPage,
  jsonAnswer,
} from './error-answer.ts';
import { magicModels } from './magic-models.ts';
import { RequestRefused, type Answer, type Call, type Scripted } from './types.ts';

/** Makes the answer to a call. Pure: the time is an argument, and nothing is sent here. */
export function answerFor(
  call: Call,
  scripted: Scripted,
  models: readonly string[] | null,
  nowMs: number,
): Answer {
  const { fault } = scripted;
  if (fault.status !== undefined) return faultAnswer(fault, fault.status, nowMs);
  if (fault.not_json === true) return htmlErrorPage;
  if (fault.error_in_200 === true) return jsonAnswer(200, embeddedError(fault), { paid: false });
  try {
    return route(call, scripted, models, nowMs);
  } catch (thrown) {
    if (thrown instanceof RequestRefused) return thrown.answer;
    throw thrown;
  }
}

function route(
  call: Call,
  scripted: Scripted,
  models: readonly string[] | null,
  nowMs: number,
): Answer {
  const target = `${call.method} ${call.path}`;
  if (target === 'GET /v1/models') return listModels(models);
  if (call.model !== null && models !== null && !models.includes(call.model)) {
    const message = `The model \`${call.model}\` does not exist or you do not have access to it.`;
    return errorAnswer(404, { message, code: 'model_not_found' });
  }
  if (target === 'POST /v1/chat/completions') return answerChat(call, scripted, nowMs);
  if (target === 'POST /v1/embeddings') return answerEmbeddings(call, scripted);
  return errorAnswer(404, { message: `Invalid URL (${target})`, code: 'unknown_url' });
}

function listModels(models: readonly string[] | null): Answer {
  const ids = models ?? ['sim-chat', 'sim-embed', ...magicModels];
  const data = ids.map((id) => ({ id, object: 'model', created: 0, owned_by: 'simulator' }));
  return jsonAnswer(200, { object: 'list', data }, { paid: false });
}
