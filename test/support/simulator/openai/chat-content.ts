import type { Json } from '../../../../src/domain/json.ts';
import type { ChatRequest } from './chat-request.ts';
import { jsonAgainstSchema, jsonFromSchema } from '../json-from-schema.ts';
import { wordsOf } from '../random.ts';
import type { Scripted } from '../types.ts';

/** What the pretended model says, before it is put into a wire shape. */
export type Content = {
  readonly text: string;
  readonly refusal: string | null;
  readonly finishReason: 'stop' | 'length' | 'tool_calls';
  /** Their arguments are JSON text. */
  readonly toolCalls: readonly {
    readonly id: string;
    readonly name: string;
    readonly arguments: string;
  }[];
};

const echoedWords = 60;

/** The content of a chat answer: scripted, by schema, or an echo of the last user message. */
export function contentFor(request: ChatRequest, scripted: Scripted): Content {
  const { fault } = scripted;
  if (fault.refusal !== undefined) {
    return { text: '', refusal: fault.refusal, finishReason: 'stop', toolCalls: [] };
  }
  const toolCalls = toolCallsOf(request, scripted);
  if (toolCalls.length > 0) {
    return { text: '', refusal: null, finishReason: 'tool_calls', toolCalls };
  }
  const text = wholeText(request, scripted);
  const half = fault.truncate === true ? Math.ceil(text.length / 2) : text.length;
  const allowed = Math.min(half, request.charactersMax);
  const cut = text.slice(0, allowed);
  const finishReason = allowed < text.length || fault.truncate === true ? 'length' : 'stop';
  return { text: cut, refusal: null, finishReason, toolCalls: [] };
}

/** The tools that the script calls, or the one that the request forces on the model. */
function toolCallsOf(
  { forcedTool, lastUserText }: ChatRequest,
  { reply }: Scripted,
): Content['toolCalls'] {
  const wanted =
    reply?.tool_calls ??
    (forcedTool === null
      ? []
      : [
          { name: forcedTool.name, arguments: jsonFromSchema(forcedTool.parameters, lastUserText) },
        ]);
  return wanted.map(({ name, arguments: given }, at) => ({
    id: `call_sim_${at}`,
    name,
    arguments: JSON.stringify(given),
  }));
}

function wholeText(request: ChatRequest, { fault, reply }: Scripted): string {
  if (fault.wrong_schema === true) return wrongText(request);
  if (reply?.text !== undefined) return reply.text;
  if (reply?.json !== undefined) return JSON.stringify(reply.json);
  if (request.schema !== null) {
    return JSON.stringify(jsonFromSchema(request.schema, request.lastUserText));
  }
  return request.wantsJson ? JSON.stringify({ answer: echo(request) }) : beforeStop(request);
}

function wrongText(request: ChatRequest): string {
  const wrong: Json =
    request.schema === null ? null : jsonAgainstSchema(request.schema, request.lastUserText);
  return wrong === null ? '{"this is not": JSON' : JSON.stringify(wrong);
}

function echo(request: ChatRequest): string {
  const words = wordsOf(request.lastUserText).slice(0, echoedWords);
  return `Simulated answer to: ${words.join(' ')}.`;
}

function beforeStop(request: ChatRequest): string {
  const text = echo(request);
  const ends = request.stop.map((stop) => text.indexOf(stop)).filter((index) => index >= 0);
  return text.slice(0, Math.min(text.length, ...ends));
}
