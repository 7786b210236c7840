import type { JsonObject } from '../../../src/domain/json.ts';
import type { ChatCall, ModelReply } from '../../../src/domain/model/model-call.ts';
import type { Usage } from '../../../src/domain/model/usage.ts';
import type { CallOutcome } from '../../../src/providers/port.ts';

/** What is asked of a model, by everyone in the same words. */
export type Question = {
  readonly system: string;
  readonly prompt: string;
  readonly maxTokens: number;
  readonly temperature: number;
  /** The one tool, which has to be called. */
  readonly tool?: {
    readonly name: string;
    readonly description: string;
    readonly parameters: JsonObject;
  };
  /** The schema of the answer. */
  readonly schema?: JsonObject;
};

/** What was answered, as far as everyone tells it. */
export type Said = {
  readonly text: string;
  readonly finish: 'stop' | 'length' | 'tool_calls' | 'content_filter' | 'other';
  readonly tools: readonly { readonly name: string; readonly arguments: unknown }[];
  readonly usage: Tokens;
};

/** Tokens in buckets that do not overlap. */
type Tokens = {
  readonly input: number;
  readonly cacheRead: number;
  readonly cacheWrite: number;
  readonly output: number;
  readonly reasoning: number;
};

export function callOf({
  system,
  prompt,
  maxTokens,
  temperature,
  tool,
  schema,
}: Question): Omit<ChatCall, 'model'> {
  return {
    kind: 'chat',
    messages: [
      { role: 'system', content: system },
      { role: 'user', content: prompt },
    ],
    parameters: { maxOutputTokens: maxTokens, temperature },
    ...(tool === undefined ? {} : { tools: [tool], toolChoice: 'required' }),
    output: schema === undefined ? { kind: 'text' } : { kind: 'json', schema },
  };
}

export function replyIn(outcome: CallOutcome | undefined): ModelReply {
  if (outcome?.kind === 'done') return outcome.reply;
  throw new Error(`expected an answer, got ${JSON.stringify(outcome)}`);
}

/** Our own answer in the same words. */
export function saidBy({ result, usage }: ModelReply): Said {
  if (result.kind !== 'chat') throw new Error(`expected a chat, got ${result.kind}`);
  const { text, finishReason, toolCalls = [] } = result;
  const tools = toolCalls.map(({ name, arguments: given }) => ({
    name,
    arguments: JSON.parse(given) as unknown,
  }));
  return { text, finish: finishReason, tools, usage: tokensOf(usage) };
}

function tokensOf(usage: Usage): Tokens {
  return {
    input: usage.inputTokens ?? 0,
    cacheRead: usage.cacheReadTokens ?? 0,
    cacheWrite: (usage.cacheWriteTokens ?? 0) + (usage.cacheWriteHourTokens ?? 0),
    output: usage.outputTokens ?? 0,
    reasoning: usage.reasoningTokens ?? 0,
  };
}
