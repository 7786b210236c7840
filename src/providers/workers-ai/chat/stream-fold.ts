import type { Json, JsonObject } from '../../../domain/json.ts';
import type { StreamFold } from '../../http/exchange.ts';
import type { ServerSentEvent } from '../../http/sse.ts';
import { createChatFold } from '../../openai-compatible/chat/stream-fold.ts';
import { objectAt, objectsAt, textAt } from '../../shared/json-fields.ts';
import { objectFrom } from '../../shared/json-text.ts';

/**
 * Folds a streamed answer. Older models send `{response}` and at the end `{usage}`, newer ones OpenAI's chunks; both
 * end in `[DONE]`. The body is a completion as OpenAI has it.
 */
export function createWorkersAiFold(onText?: (piece: string) => void): StreamFold {
  const fold = createChatFold(onText);
  return { ...fold, push: (event) => fold.push(asChunk(event)) };
}

function asChunk(event: ServerSentEvent): ServerSentEvent {
  const piece = objectFrom(event.data);
  if (piece === null || !isOwnPiece(piece)) return event;
  const delta = { content: textAt(piece, 'response') ?? '', tool_calls: toolCallsOf(piece) };
  const { usage } = piece;
  const chunk = { choices: [{ index: 0, delta }], ...(usage === undefined ? {} : { usage }) };
  return { ...event, data: JSON.stringify(chunk) };
}

function isOwnPiece(piece: JsonObject): boolean {
  return piece['choices'] === undefined && ('response' in piece || 'tool_calls' in piece);
}

/** Calls of tools under OpenAI's names; older models give a name and the arguments as an object, and no id. */
export function toolCallsOf(said: JsonObject): readonly JsonObject[] {
  return objectsAt(said, 'tool_calls').map((call, position) => {
    const asked = call['function'] === undefined ? call : objectAt(call, 'function');
    const given: Json = asked['arguments'] ?? {};
    return {
      index: position,
      id: textAt(call, 'id') ?? `call_${position}`,
      function: {
        name: textAt(asked, 'name') ?? '',
        arguments: typeof given === 'string' ? given : JSON.stringify(given),
      },
    };
  });
}
