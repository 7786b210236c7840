import { z } from 'zod';

import { json } from '../../domain/definition/definition-parts.ts';
import type { ParametersDefinition } from '../../domain/definition/definition.ts';
import type { Outcome } from '../../domain/job/failure.ts';
import type { Json, JsonObject } from '../../domain/json.ts';
import type { ChatMessage, ChatParameters } from '../../domain/model/model-call.ts';
import { filesOfMessages, messageField, partOf, toMessage, withFiles } from './chat/messages.ts';
import { choosesGivenTool, toolChoiceField, toolField, toolsOf } from './chat/tools.ts';
import { defined } from './defined.ts';
import { fileField, mediaOf, namedIn } from './files.ts';
import type { ModelSetting, ModelStep } from './port.ts';
import { wrongKind } from './port.ts';
import { renderPrompt } from './prompt.ts';
import { replyFields } from './reply-fields.ts';

const input = z
  .strictObject({
    /** Values for the prompt's templates. */
    vars: z.record(z.string(), z.json()).optional(),
    /** Messages that follow those of the prompt, or stand alone without one. */
    messages: z.array(messageField).min(1).max(200).optional(),
    /** Images that the prompt's last message of the user speaks of. */
    images: z.array(fileField).min(1).max(50).optional(),
    /** The same for files of any kind; their types say what they are. */
    files: z.array(fileField).min(1).max(50).optional(),
    tools: z.array(toolField).min(1).max(128).optional(),
    tool_choice: toolChoiceField.optional(),
  })
  .refine(choosesGivenTool, {
    error: 'must be among `tools`',
    path: ['tool_choice'],
  });

/** Asks a chat model; with a schema in `check`, for JSON that satisfies it. */
export const modelChat: ModelStep<typeof input> = {
  input,

  files: ({ messages, images, files }) => [
    ...filesOfMessages(messages ?? []),
    ...namedIn(images, ['images'], 'image'),
    ...namedIn(files, ['files'], 'attachment'),
  ],

  call({ vars, messages: own, images = [], files = [], ...tools }, setting) {
    const prompted = promptMessages(setting, vars ?? {});
    if (!prompted.ok) return prompted;
    const parts = [...images, ...files].map((id) => partOf(mediaOf(setting.media, id)));
    const asked = withFiles(prompted.value, parts);
    if (!asked.ok) return asked;
    const said = (own ?? []).map((message) => toMessage(message, setting.media));
    const messages = [...asked.value, ...said, ...reAskMessages(setting)];
    if (messages.length === 0) return nothingToAsk();
    return {
      ok: true,
      value: {
        kind: 'chat',
        model: setting.model,
        messages,
        parameters: neutralParameters(setting.parameters),
        ...toolsOf(tools),
        output:
          setting.schema === null ? { kind: 'text' } : { kind: 'json', schema: setting.schema },
      },
    };
  },

  output(reply, { schema }) {
    const { result } = reply;
    if (result.kind !== 'chat') return wrongKind('chat');
    const { text, finishReason, toolCalls = [] } = result;
    const base = {
      text,
      finish_reason: finishReason,
      ...replyFields(reply),
      ...(toolCalls.length === 0 ? {} : { tool_calls: toolCalls }),
    };
    // Who asks for a tool has not answered yet.
    if (schema === null || toolCalls.length > 0) return { ok: true, value: base };
    const parsed = parseAnswer(text);
    if (parsed.ok) return { ok: true, value: { ...base, json: parsed.value } };
    return parsed;
  },
};

function nothingToAsk(): Outcome<never> {
  const message = 'there is nothing to ask: give a `prompt`, or `messages` in `with`';
  return { ok: false, failure: { class: 'step_input_invalid', phase: 'not_sent', message } };
}

function promptMessages(
  { prompt }: ModelSetting,
  vars: JsonObject,
): Outcome<readonly ChatMessage[]> {
  return prompt === null ? { ok: true, value: [] } : renderPrompt(prompt, vars);
}

/** Shows the model its rejected answer and says what to mend. */
function reAskMessages({ reAsk }: ModelSetting): ChatMessage[] {
  if (reAsk === null) return [];
  const { rejected, problems } = reAsk;
  const answer = typeof rejected === 'string' ? rejected : JSON.stringify(rejected);
  const list = problems.map((problem) => `- ${problem}`).join('\n');
  return [
    { role: 'assistant', content: answer },
    {
      role: 'user',
      content: `That answer was not accepted:\n${list}\nAnswer again with the whole corrected JSON and nothing else.`,
    },
  ];
}

function neutralParameters({
  top_p: topP,
  max_output_tokens: maxOutputTokens,
  reasoning_effort: reasoningEffort,
  ...same
}: ParametersDefinition): ChatParameters {
  return defined({ ...same, topP, maxOutputTokens, reasoningEffort });
}

/** Reads an answer as JSON; a model may wrap it in a Markdown fence though it was told not to. */
function parseAnswer(text: string): Outcome<Json> {
  const fenced = /^\s*```(?:json)?\s*\n([\s\S]*?)\n\s*```\s*$/.exec(text)?.[1];
  try {
    return { ok: true, value: json.parse(JSON.parse(fenced ?? text)) };
  } catch {
    const violations = [{ pointer: '', code: 'not_json', message: 'the answer is not valid JSON' }];
    const failureMessage = 'the model was asked for JSON and answered something else';
    return {
      ok: false,
      failure: { class: 'output_invalid', phase: 'finished', message: failureMessage, violations },
    };
  }
}
