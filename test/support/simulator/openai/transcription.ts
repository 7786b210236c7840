import { isJsonObject, type JsonObject } from '../../../../src/domain/json.ts';
import { jsonAnswer } from '../error-answer.ts';
import type { Answer, Call, Scripted } from '../types.ts';
import { badRequest, requireModel, requireObject, tokensOf } from './chat-request.ts';

const secondsPerWord = 0.5;

/** Answers `POST /v1/audio/transcriptions`. The words of the script are spoken, or the file's name. */
export function answerTranscription(call: Call, scripted: Scripted): Answer {
  const body = requireObject(call.body);
  const model = requireModel(body);
  const { file } = body;
  if (file === undefined || !isJsonObject(file)) {
    throw badRequest("Missing required parameter: 'file'.", 'file');
  }
  const text = scripted.reply?.text ?? `Simulated transcript of ${nameOf(file)}.`;
  const words = text.split(' ').map((word, at) => ({
    word,
    start: at * secondsPerWord,
    end: (at + 1) * secondsPerWord,
  }));
  const duration = words.length * secondsPerWord;
  const usage = scripted.reply?.usage ?? usageOf(model, text, duration);
  const whole = { text, usage, ...detailsOf(body, text, words, duration) };
  return jsonAnswer(200, whole, { paid: true });
}

function nameOf({ filename }: JsonObject): string {
  return typeof filename === 'string' ? filename : 'a file';
}

function usageOf(model: string, text: string, duration: number): object {
  if (model.includes('whisper')) return { type: 'duration', seconds: Math.ceil(duration) };
  const audio = Math.ceil(duration * 10);
  const output = tokensOf(text.length);
  return {
    type: 'tokens',
    input_tokens: audio,
    input_token_details: { text_tokens: 0, audio_tokens: audio },
    output_tokens: output,
    total_tokens: audio + output,
  };
}

function detailsOf(
  body: JsonObject,
  text: string,
  words: readonly object[],
  duration: number,
): object {
  const segment = { id: 0, start: 0, end: duration, text };
  const wanted = [body['timestamp_granularities[]'] ?? 'segment'].flat();
  switch (body['response_format'] ?? 'json') {
    case 'json':
      return {};
    case 'diarized_json':
      return { duration, segments: [{ ...segment, speaker: 'A' }] };
    case 'verbose_json':
      return {
        task: 'transcribe',
        language: 'english',
        duration,
        ...(wanted.includes('segment') ? { segments: [segment] } : {}),
        ...(wanted.includes('word') ? { words } : {}),
      };
    default:
      throw badRequest('this response_format is not known here', 'response_format');
  }
}
