import { z } from 'zod';

import type { ParametersDefinition } from '../../domain/definition.ts';
import type { Outcome } from '../../domain/failure.ts';
import type { Json, JsonObject } from '../../domain/json.ts';
import type { ChatMessage, ChatParameters } from '../../domain/model-call.ts';
import type { ModelSetting, ModelStep } from './port.ts';
import { wrongKind } from './port.ts';
import { renderPrompt } from './prompt.ts';

const message = z.strictObject({
  role: z.enum(['system', 'user', 'assistant']),
  content: z.string(),
});

const input = z.strictObject({
  /** Values for the prompt's templates. */
  vars: z.record(z.string(), z.json()).optional(),
  /** Messages that follow those of the prompt, or stand alone without one. */
  messages: z.array(message).min(1).max(200).optional(),
});

/** Asks a chat model; with a schema in `check`, for JSON that satisfies it. */
export const modelChat: ModelStep<typeof input> = {
  input,

  call({ vars, messages: own }, setting) {
    const prompted = promptMessages(setting, vars ?? {});
    if (!prompted.ok) return prompted;
    const messages = [...prompted.value, ...(own ?? []), ...reAskMessages(setting)];
    if (messages.length === 0) {
      const text = 'there is nothing to ask: give a `prompt`, or `messages` in `with`';
      return {
        ok: false,
        failure: { class: 'step_input_invalid', phase: 'not_sent', message: text },
      };
    }
    return {
      ok: true,
      value: {
        kind: 'chat',
        model: setting.model,
        messages,
        parameters: neutralParameters(setting.parameters),
        output:
          setting.schema === null ? { kind: 'text' } : { kind: 'json', schema: setting.schema },
      },
    };
  },

  output({ result, returnedModel }, { schema }) {
    if (result.kind !== 'chat') return wrongKind('chat');
    const { text, finishReason } = result;
    const base = { text, finish_reason: finishReason, model: returnedModel };
    if (schema === null) return { ok: true, value: base };
    const parsed = parseAnswer(text);
    if (parsed.ok) return { ok: true, value: { ...base, json: parsed.value } };
    return parsed;
  },
};

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

function neutralParameters(parameters: ParametersDefinition): ChatParameters {
  const { temperature, seed, stop } = parameters;
  return {
    ...(temperature === undefined ? {} : { temperature }),
    ...(parameters.top_p === undefined ? {} : { topP: parameters.top_p }),
    ...(parameters.max_output_tokens === undefined
      ? {}
      : { maxOutputTokens: parameters.max_output_tokens }),
    ...(seed === undefined ? {} : { seed }),
    ...(stop === undefined ? {} : { stop }),
    ...(parameters.reasoning_effort === undefined
      ? {}
      : { reasoningEffort: parameters.reasoning_effort }),
  };
}

/** Reads an answer as JSON; a model may wrap it in a Markdown fence though it was told not to. */
function parseAnswer(text: string): Outcome<Json> {
  const fenced = /^\s*```(?:json)?\s*\n([\s\S]*?)\n\s*```\s*$/.exec(text)?.[1];
  try {
    return { ok: true, value: z.json().parse(JSON.parse(fenced ?? text)) };
  } catch {
    const violations = [{ pointer: '', code: 'not_json', message: 'the answer is not valid JSON' }];
    const failureMessage = 'the model was asked for JSON and answered something else';
    return {
      ok: false,
      failure: { class: 'output_invalid', phase: 'finished', message: failureMessage, violations },
    };
  }
}
