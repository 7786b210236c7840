import { jsonBytes, type Json } from '../../../domain/json.ts';
import type { MediaRef } from '../../../domain/model/media.ts';
import type { ChatCall, ModelCall, ModelKind } from '../../../domain/model/model-call.ts';

/**
 * How many tokens a prompt takes, without the model's own tokenizer. `estimated` counts four ASCII characters as a
 * token, which is usual for English and for code, and every other character as one, which is usual for Chinese and
 * high for most other scripts. `atMost` counts bytes of UTF-8: a tokenizer that works on bytes makes no more tokens than
 * there are bytes, whatever the language. Both add what a message costs beside its text, and `atMost` an amount for
 * what a provider writes around tools and schemas.
 * UNVERIFIED: that no provider writes more than `INSTRUCTION_TOKENS_MAX` around them.
 */
export type PromptTokens = { readonly estimated: number; readonly atMost: number };

const MESSAGE_TOKENS = { estimated: 4, atMost: 32 };
const INSTRUCTION_TOKENS_MAX = 1_024;
const ASCII_PER_TOKEN = 4;

/** The text of a call in tokens; files are not counted, because what they take is the provider's own affair. */
export function promptTokensOf(call: ModelCall): PromptTokens {
  const read = textsOf(call);
  const instructed =
    call.kind === 'chat' && (call.tools !== undefined || call.output.kind === 'json');
  return {
    estimated: sum(read, (text) => tokensOf(text) + MESSAGE_TOKENS.estimated),
    atMost:
      sum(read, (text) => jsonBytes(text) + MESSAGE_TOKENS.atMost) +
      (instructed ? INSTRUCTION_TOKENS_MAX : 0),
  };
}

function tokensOf(text: string): number {
  let ascii = 0;
  let others = 0;
  for (const character of text) {
    if (character.charCodeAt(0) < 128) ascii += 1;
    else others += 1;
  }
  return Math.ceil(ascii / ASCII_PER_TOKEN) + others;
}

function sum(texts: readonly string[], count: (text: string) => number): number {
  return texts.reduce((total, text) => total + count(text), 0);
}

/** Everything of a call that a model reads as text, a message or document each. */
const texts: { readonly [Kind in ModelKind]: (call: CallOf<Kind>) => readonly string[] } = {
  chat: chatTexts,
  embed: (call) => call.texts,
  classify: ({ text, labels }) => [text, ...labels.map((label) => JSON.stringify(label))],
  // The question is read again with every document.
  rerank: ({ query, documents }) => documents.map((document) => `${query}${document}`),
  summarize: ({ text }) => [text],
  image: ({ prompt, negativePrompt = '' }) => [prompt, negativePrompt],
  transcribe: ({ prompt = '' }) => [prompt],
  moderate: ({ text = '' }) => [text],
};

type CallOf<Kind extends ModelKind> = Extract<ModelCall, { readonly kind: Kind }>;

function textsOf<Kind extends ModelKind>(call: CallOf<Kind>): readonly string[] {
  const read: (call: CallOf<Kind>) => readonly string[] = texts[call.kind];
  return read(call);
}

function chatTexts({ messages, tools = [], output }: ChatCall): string[] {
  const said = messages.map((message) => {
    const { content } = message;
    const text =
      typeof content === 'string'
        ? content
        : content.map((part) => (part.type === 'text' ? part.text : '')).join('\n');
    const called = 'toolCalls' in message ? JSON.stringify(message.toolCalls) : '';
    return `${text}${called}`;
  });
  const schema: Json[] = output.kind === 'json' ? [output.schema] : [];
  return [...said, ...[...tools, ...schema].map((part) => JSON.stringify(part))];
}

/** The files that a call names. */
export function filesOf(call: ModelCall): readonly MediaRef[] {
  switch (call.kind) {
    case 'chat':
      return call.messages.flatMap(({ content }) =>
        typeof content === 'string'
          ? []
          : content.flatMap((part) => (part.type === 'text' ? [] : [part.media])),
      );
    case 'transcribe':
      return [call.audio];
    case 'image':
    case 'moderate':
      return call.images ?? [];
    case 'embed':
    case 'classify':
    case 'rerank':
    case 'summarize':
      return [];
  }
}
