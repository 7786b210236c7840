import OpenAI from 'openai';
import type {
  ChatCompletion,
  ChatCompletionCreateParamsNonStreaming,
} from 'openai/resources/chat/completions';

import type { Question, Said } from '../question.ts';
import { apiKey, type Base } from '../base.ts';

/** Asks by OpenAI's own SDK, which never repeats a call here. */
export async function askOpenAi(
  base: Base,
  model: string,
  question: Question,
  streamed: boolean,
): Promise<Said> {
  const client = new OpenAI({ baseURL: `${base.url}/v1`, apiKey, maxRetries: 0 });
  const body = bodyOf(model, question);
  const completion = streamed
    ? await client.chat.completions
        .stream({ ...body, stream: true, stream_options: { include_usage: true } })
        .finalChatCompletion()
    : await client.chat.completions.create(body);
  return saidIn(completion);
}

function bodyOf(
  model: string,
  { system, prompt, maxTokens, temperature, tool, schema }: Question,
): ChatCompletionCreateParamsNonStreaming {
  return {
    model,
    messages: [
      { role: 'system', content: system },
      { role: 'user', content: prompt },
    ],
    max_completion_tokens: maxTokens,
    temperature,
    ...(tool === undefined
      ? {}
      : { tools: [{ type: 'function', function: tool }], tool_choice: 'required' }),
    ...(schema === undefined
      ? {}
      : {
          response_format: {
            type: 'json_schema',
            json_schema: { name: 'answer', schema, strict: true },
          },
        }),
  };
}

function saidIn({ choices, usage }: ChatCompletion): Said {
  const [choice] = choices;
  const reason = choice?.finish_reason;
  return {
    text: choice?.message.content ?? '',
    finish: reason === undefined || reason === 'function_call' ? 'other' : reason,
    tools: (choice?.message.tool_calls ?? []).flatMap((asked) =>
      asked.type === 'function'
        ? [
            {
              name: asked.function.name,
              arguments: JSON.parse(asked.function.arguments) as unknown,
            },
          ]
        : [],
    ),
    usage: tokensOf(usage),
  };
}

function tokensOf(usage: ChatCompletion['usage']): Said['usage'] {
  const cached = usage?.prompt_tokens_details?.cached_tokens ?? 0;
  const reasoning = usage?.completion_tokens_details?.reasoning_tokens ?? 0;
  return {
    input: (usage?.prompt_tokens ?? 0) - cached,
    cacheRead: cached,
    cacheWrite: 0,
    output: (usage?.completion_tokens ?? 0) - reasoning,
    reasoning,
  };
}
