import {
  generateText,
  jsonSchema,
  Output,
  streamText,
  tool,
  type FinishReason,
  type LanguageModel,
  type LanguageModelUsage,
  type ToolSet,
} from 'ai';

import type { Question, Said } from './question.ts';

/** What the AI SDK makes of an answer, in one piece or streamed; it does the same for every vendor. */
export async function askAiSdk(
  model: LanguageModel,
  question: Question,
  streamed: boolean,
): Promise<Said> {
  const { prompt, system, maxTokens, temperature, schema } = question;
  const options = {
    model,
    prompt,
    instructions: system,
    maxOutputTokens: maxTokens,
    temperature,
    maxRetries: 0,
    ...(question.tool === undefined
      ? {}
      : { tools: toolsOf(question.tool), toolChoice: 'required' as const }),
    ...(schema === undefined
      ? {}
      : { output: Output.object({ schema: jsonSchema(schema as never) }) }),
  };
  const answer = streamed ? streamText(options) : await generateText(options);
  return {
    text: await answer.text,
    finish: finishes[await answer.finishReason] ?? 'other',
    tools: (await answer.toolCalls).map(({ toolName, input }) => ({
      name: toolName,
      arguments: input as unknown,
    })),
    usage: tokensOf(await answer.usage),
  };
}

const finishes: Partial<Record<FinishReason, Said['finish']>> = {
  stop: 'stop',
  length: 'length',
  'tool-calls': 'tool_calls',
  'content-filter': 'content_filter',
};

function toolsOf({ name, description, parameters }: NonNullable<Question['tool']>): ToolSet {
  return { [name]: tool({ description, inputSchema: jsonSchema(parameters as never) }) };
}

function tokensOf({
  inputTokenDetails: input,
  outputTokenDetails: output,
  ...all
}: LanguageModelUsage): Said['usage'] {
  const reasoning = output.reasoningTokens ?? 0;
  return {
    input: input.noCacheTokens ?? all.inputTokens ?? 0,
    cacheRead: input.cacheReadTokens ?? 0,
    cacheWrite: input.cacheWriteTokens ?? 0,
    output: output.textTokens ?? (all.outputTokens ?? 0) - reasoning,
    reasoning,
  };
}
