import { reportLater } from '../callbacks/report.ts';
import { jsonAnswer } from '../error-answer.ts';
import type { Answer, Call, Scripted } from '../types.ts';
import { basePathOf } from '../wire-dialect.ts';

/** Answers everything below Deepgram's base path; null for what is not there. */
export function answerDeepgram(call: Call, scripted: Scripted): Answer | null {
  if (call.method !== 'POST' || call.path !== `${basePathOf.deepgram}/listen`) return null;
  const requestId = `sim-dg-${call.seq}`;
  const url = call.query?.get('callback') ?? null;
  if (url === null) return jsonAnswer(200, transcriptOf(call, scripted, requestId), { paid: true });
  // There is nothing to ask, so what is reported is reported soon.
  reportLater(scripted.reply?.callback_ms ?? 0, () => ({
    url,
    headers: { 'dg-token': 'sim-key-id' },
    text: JSON.stringify(endOf(call, scripted, requestId)),
  }));
  return jsonAnswer(200, { request_id: requestId }, { paid: true });
}

function endOf(call: Call, scripted: Scripted, requestId: string): object {
  const { fault } = scripted;
  if (fault.fails_later !== true) return transcriptOf(call, scripted, requestId);
  const err_msg = fault.message ?? 'The simulated model failed.';
  return { err_code: fault.code ?? 'Bad Request', err_msg, request_id: requestId };
}

/** A second of sound for each word; two speakers who take turns. */
function transcriptOf({ model, query }: Call, { reply }: Scripted, requestId: string): object {
  const text = reply?.text ?? 'This transcript is simulated.';
  const spoken = text.split(/\s+/).filter((word) => word !== '');
  const words = spoken.map((word, at) => ({
    word: word.toLowerCase().replace(/\W/g, ''),
    punctuated_word: word,
    start: at,
    end: at + 0.5,
    confidence: 0.99,
    ...(query?.get('diarize') === 'true' ? { speaker: at % 2 } : {}),
  }));
  const utterance = { transcript: text, start: 0, end: spoken.length, speaker: 0, channel: 0 };
  return {
    metadata: {
      request_id: requestId,
      duration: spoken.length,
      channels: 1,
      models: ['sim'],
      model_info: { sim: { name: model ?? 'unknown', version: 'simulated' } },
    },
    results: {
      channels: [
        { detected_language: 'en', alternatives: [{ transcript: text, confidence: 0.99, words }] },
      ],
      ...(query?.get('utterances') === 'true' ? { utterances: [utterance] } : {}),
    },
  };
}
