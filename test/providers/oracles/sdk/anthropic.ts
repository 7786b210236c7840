import Anthropic from '@anthropic-ai/sdk';
import type {
  Message,
  MessageCreateParamsNonStreaming,
} from '@anthropic-ai/sdk/resources/messages';

import type { Question, Said } from '../question.ts';
import { apiKey, baseAt, type Base } from '../base.ts';

/** Asks by Anthropic's own SDK, which never repeats a call here. */
export async function askAnthropic(
  base: Base,
  model: string,
  question: Question,
  streamed: boolean,
): Promise<Said> {
  const client = new Anthropic({ baseURL: baseAt(base, 'anthropic'), apiKey, maxRetries: 0 });
  const body = bodyOf(model, question);
  const message = streamed
    ? await client.messages.stream(body).finalMessage()
    : await client.messages.create(body);
  return saidIn(message);
}

function bodyOf(
  model: string,
  { system, prompt, maxTokens, temperature, tool, schema }: Question,
): MessageCreateParamsNonStreaming {
  // The API takes it; the SDK's types have it no more.
  const sampling = { temperature };
  return {
    model,
    system,
    messages: [{ role: 'user', content: prompt }],
    max_tokens: maxTokens,
    ...sampling,
    ...(tool === undefined
      ? {}
      : {
          tools: [
            {
              name: tool.name,
              description: tool.description,
              input_schema: { type: 'object', ...tool.parameters },
            },
          ],
          tool_choice: { type: 'any' },
        }),
    ...(schema === undefined
      ? {}
      : { output_config: { format: { type: 'json_schema', schema: { ...schema } } } }),
  };
}

const finishes: Readonly<Record<string, Said['finish']>> = {
  end_turn: 'stop',
  stop_sequence: 'stop',
  max_tokens: 'length',
  tool_use: 'tool_calls',
  refusal: 'content_filter',
};

function saidIn({ content, stop_reason: reason, usage }: Message): Said {
  const thinking = usage.output_tokens_details?.thinking_tokens ?? 0;
  return {
    text: content.map((block) => (block.type === 'text' ? block.text : '')).join(''),
    finish: finishes[reason ?? ''] ?? 'other',
    tools: content.flatMap((block) =>
      block.type === 'tool_use' ? [{ name: block.name, arguments: block.input }] : [],
    ),
    usage: {
      input: usage.input_tokens,
      cacheRead: usage.cache_read_input_tokens ?? 0,
      cacheWrite: usage.cache_creation_input_tokens ?? 0,
      output: usage.output_tokens - thinking,
      reasoning: thinking,
    },
  };
}
