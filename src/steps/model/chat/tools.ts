import { z } from 'zod';

import { isJsonObject, type JsonObject } from '../../../domain/json.ts';
import type { ChatCall, Tool, ToolCall } from '../../../domain/model/model-call.ts';
import { defined } from '../defined.ts';

const TOOL_NAME = /^[a-zA-Z0-9_-]{1,64}$/;
const toolName = z.string().regex(TOOL_NAME, 'must be 1 to 64 letters, digits, _ and -');

/** A tool that the model may ask for. */
export const toolField = z.strictObject({
  name: toolName,
  description: z.string().max(10_000).optional(),
  /** The JSON Schema of its arguments; none, if absent. */
  parameters: z
    .custom<JsonObject>(isJsonObject, { error: 'must be a JSON Schema' })
    .meta({ type: 'object' })
    .optional(),
});

export const toolChoiceField = z.union(
  [z.enum(['auto', 'none', 'required']), z.strictObject({ name: toolName })],
  { error: 'must be auto, none, required, or { "name": "<tool>" }' },
);

/** A call of a tool, as the model asked for it: `arguments` is JSON text. */
export const toolCallField = z.strictObject({
  id: z.string().min(1).max(200),
  name: toolName,
  arguments: z.string(),
});

type ToolsInput = {
  readonly tools?: readonly z.output<typeof toolField>[] | undefined;
  readonly tool_choice?: z.output<typeof toolChoiceField> | undefined;
};

/** True unless a choice is made among tools that are not given. */
export function choosesGivenTool({ tools = [], tool_choice: choice }: ToolsInput): boolean {
  if (choice === undefined || choice === 'auto' || choice === 'none') return true;
  return choice === 'required' ? tools.length > 0 : tools.some(({ name }) => name === choice.name);
}

export function toolsOf({
  tools,
  tool_choice: choice,
}: ToolsInput): Pick<ChatCall, 'tools' | 'toolChoice'> {
  return defined({ tools: tools?.map(toTool), toolChoice: choice });
}

function toTool({ name, description, parameters }: z.output<typeof toolField>): Tool {
  return {
    name,
    ...defined({ description }),
    parameters: parameters ?? { type: 'object', properties: {} },
  };
}

export function toolCallsOf(calls: readonly z.output<typeof toolCallField>[] | undefined): {
  readonly toolCalls?: readonly ToolCall[];
} {
  return defined({ toolCalls: calls });
}
