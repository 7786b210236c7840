import { contentFor, type Content } from './chat-content.ts';
import { readChatRequest, tokensOf, type ChatRequest } from './chat-request.ts';
import { embeddedError, jsonAnswer } from '../error-answer.ts';
import { doneFrame, eventFrame, splitText } from '../sse.ts';
import type { Answer, Call, Scripted } from '../types.ts';

/** Answers `POST /v1/chat/completions`. */
export function answerChat(call: Call, scripted: Scripted, nowMs: number): Answer {
  const request = readChatRequest(call);
  const content = contentFor(request, scripted);
  const { fault } = scripted;
  const head: Head = {
    id: `chatcmpl-sim-${call.seq}`,
    created: Math.floor(nowMs / 1000),
    model: request.model,
  };
  const usage = scripted.reply?.usage ?? usageOf(request, content);
  if (request.stream) {
    const frames = framesOf(head, content, request.includeUsage ? usage : null);
    const pieces =
      fault.stream_error === undefined
        ? frames
        : [...frames.slice(0, 1 + fault.stream_error), eventFrame(embeddedError(fault))];
    const paid = fault.stream_error === undefined;
    return { status: 200, contentType: 'text/event-stream', headers: {}, pieces, paid };
  }
  if (fault.stream_error !== undefined) {
    return jsonAnswer(200, embeddedError(fault), { paid: false });
  }
  return jsonAnswer(200, completionOf(head, content, usage), { paid: true });
}

type Head = { readonly id: string; readonly created: number; readonly model: string };

function completionOf(head: Head, content: Content, usage: object): object {
  const { text, refusal, finishReason } = content;
  const asked = content.toolCalls.map((call) => toolCallOf(call, call.arguments));
  const message = {
    role: 'assistant',
    content: refusal === null && asked.length === 0 ? text : null,
    refusal,
    ...(asked.length === 0 ? {} : { tool_calls: asked }),
  };
  const choice = { index: 0, message, logprobs: null, finish_reason: finishReason };
  return {
    id: head.id,
    object: 'chat.completion',
    created: head.created,
    model: head.model,
    choices: [choice],
    usage,
    system_fingerprint: 'fp_simulator',
  };
}

/** The stream as OpenAI sends it: the role, pieces of content, the reason of the end, the usage, `[DONE]`. */
function framesOf(head: Head, content: Content, usage: object | null): string[] {
  const chunk = (choices: readonly object[], usageOfChunk: object | null): string =>
    eventFrame({
      id: head.id,
      object: 'chat.completion.chunk',
      created: head.created,
      model: head.model,
      system_fingerprint: 'fp_simulator',
      choices,
      ...(usage === null ? {} : { usage: usageOfChunk }),
    });
  const part = (delta: object, reason: string | null): string =>
    chunk([{ index: 0, delta, logprobs: null, finish_reason: reason }], null);

  const field = content.refusal === null ? 'content' : 'refusal';
  const frames = [part({ role: 'assistant', content: '', refusal: null }, null)];
  for (const piece of splitText(content.refusal ?? content.text)) {
    frames.push(part({ [field]: piece }, null));
  }
  content.toolCalls.forEach((call, index) => {
    frames.push(part({ tool_calls: [{ index, ...toolCallOf(call, '') }] }, null));
    for (const piece of splitText(call.arguments)) {
      frames.push(part({ tool_calls: [{ index, function: { arguments: piece } }] }, null));
    }
  });
  frames.push(part({}, content.finishReason));
  if (usage !== null) frames.push(chunk([], usage));
  frames.push(doneFrame);
  return frames;
}

function toolCallOf({ id, name }: Content['toolCalls'][number], text: string): object {
  return { id, type: 'function', function: { name, arguments: text } };
}

function usageOf(request: ChatRequest, content: Content): object {
  const spoken = tokensOf((content.refusal ?? content.text).length);
  const completionTokens = spoken + request.reasoningTokens;
  return {
    prompt_tokens: request.promptTokens,
    completion_tokens: completionTokens,
    total_tokens: request.promptTokens + completionTokens,
    prompt_tokens_details: { cached_tokens: 0, audio_tokens: 0 },
    completion_tokens_details: {
      reasoning_tokens: request.reasoningTokens,
      audio_tokens: 0,
      accepted_prediction_tokens: 0,
      rejected_prediction_tokens: 0,
    },
  };
}
