import OpenAI from 'openai';
import type {
  Response,
  ResponseCreateParamsNonStreaming,
} from 'openai/resources/responses/responses';

import type { Question, Said } from '../question.ts';
import { apiKey, type Base } from '../base.ts';

/** Asks the Responses API by OpenAI's own SDK: at once, or in the background and then for the end. */
export async function askResponses(
  base: Base,
  model: string,
  question: Question,
  streamed: boolean,
): Promise<Said> {
  const client = new OpenAI({ baseURL: `${base.url}/v1`, apiKey, maxRetries: 0 });
  const body = bodyOf(model, question);
  if (!streamed || base.mock === 'aimock') return saidIn(await client.responses.create(body));
  let response = await client.responses.create({ ...body, background: true });
  while (response.status === 'queued' || response.status === 'in_progress') {
    // oxlint-disable-next-line no-await-in-loop -- each question moves the work on
    response = await client.responses.retrieve(response.id);
  }
  return saidIn(response);
}

function bodyOf(
  model: string,
  { system, prompt, maxTokens, temperature, tool, schema }: Question,
): ResponseCreateParamsNonStreaming {
  return {
    model,
    input: [
      { role: 'system', content: system },
      { role: 'user', content: prompt },
    ],
    max_output_tokens: maxTokens,
    temperature,
    ...(tool === undefined
      ? {}
      : { tools: [{ type: 'function', strict: false, ...tool }], tool_choice: 'required' }),
    ...(schema === undefined
      ? {}
      : { text: { format: { type: 'json_schema', name: 'answer', schema, strict: true } } }),
  };
}

function saidIn({
  output,
  output_text: text,
  status,
  incomplete_details: cut,
  usage,
}: Response): Said {
  const tools = output.flatMap((item) =>
    item.type === 'function_call'
      ? [{ name: item.name, arguments: JSON.parse(item.arguments) as unknown }]
      : [],
  );
  const isCut = status === 'incomplete' && cut?.reason === 'max_output_tokens';
  return {
    text: text ?? '',
    finish: isCut ? 'length' : tools.length > 0 ? 'tool_calls' : 'stop',
    tools,
    usage: tokensOf(usage),
  };
}

function tokensOf(usage: Response['usage']): Said['usage'] {
  const cached = usage?.input_tokens_details?.cached_tokens ?? 0;
  const reasoning = usage?.output_tokens_details?.reasoning_tokens ?? 0;
  return {
    input: (usage?.input_tokens ?? 0) - cached,
    cacheRead: cached,
    cacheWrite: 0,
    output: (usage?.output_tokens ?? 0) - reasoning,
    reasoning,
  };
}
