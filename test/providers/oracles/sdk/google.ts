import {
  FinishReason,
  FunctionCallingConfigMode,
  GoogleGenAI,
  type GenerateContentParameters,
  type GenerateContentResponse,
} from '@google/genai';

import type { Question, Said } from '../question.ts';
import { apiKey, baseAt, type Base } from '../base.ts';

/** Asks by Google's own SDK. */
export async function askGoogle(
  base: Base,
  model: string,
  question: Question,
  streamed: boolean,
): Promise<Said> {
  const httpOptions = { baseUrl: baseAt(base, 'google'), apiVersion: 'v1beta' };
  const { models } = new GoogleGenAI({ apiKey, httpOptions });
  const asked = askedOf(model, question);
  if (!streamed) return saidIn([await models.generateContent(asked)]);
  const pieces: GenerateContentResponse[] = [];
  for await (const piece of await models.generateContentStream(asked)) pieces.push(piece);
  return saidIn(pieces);
}

function askedOf(
  model: string,
  { system, prompt, maxTokens, temperature, tool, schema }: Question,
): GenerateContentParameters {
  return {
    model,
    contents: [{ role: 'user', parts: [{ text: prompt }] }],
    config: {
      systemInstruction: { parts: [{ text: system }] },
      maxOutputTokens: maxTokens,
      temperature,
      ...(tool === undefined
        ? {}
        : {
            tools: [
              {
                functionDeclarations: [
                  {
                    name: tool.name,
                    description: tool.description,
                    parametersJsonSchema: tool.parameters,
                  },
                ],
              },
            ],
            toolConfig: { functionCallingConfig: { mode: FunctionCallingConfigMode.ANY } },
          }),
      ...(schema === undefined
        ? {}
        : { responseMimeType: 'application/json', responseJsonSchema: schema }),
    },
  };
}

function saidIn(pieces: readonly GenerateContentResponse[]): Said {
  const parts = pieces.flatMap((piece) => piece.candidates?.[0]?.content?.parts ?? []);
  const calls = parts.flatMap(({ functionCall }) => functionCall ?? []);
  const end = pieces.at(-1);
  const reason = end?.candidates?.[0]?.finishReason;
  const stopped = calls.length > 0 ? 'tool_calls' : 'stop';
  return {
    text: parts.map(({ text }) => text ?? '').join(''),
    finish:
      reason === FinishReason.STOP
        ? stopped
        : reason === FinishReason.MAX_TOKENS
          ? 'length'
          : 'other',
    tools: calls.map(({ name = '', args }) => ({ name, arguments: args })),
    usage: tokensOf(end?.usageMetadata),
  };
}

function tokensOf(usage: GenerateContentResponse['usageMetadata']): Said['usage'] {
  const cached = usage?.cachedContentTokenCount ?? 0;
  return {
    input: (usage?.promptTokenCount ?? 0) - cached,
    cacheRead: cached,
    cacheWrite: 0,
    output: usage?.candidatesTokenCount ?? 0,
    reasoning: usage?.thoughtsTokenCount ?? 0,
  };
}
