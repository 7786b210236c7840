import type { ModelCall } from '../../domain/model-call.ts';

/** Of English text, which most tokenizers cut into pieces of four characters on average. */
const CHARACTERS_PER_TOKEN = 4;
/** What an answer takes of which nobody said how long it may become. */
const ANSWER_TOKENS = 500;

/**
 * What a call may count against a limit on tokens: its text and the longest answer. An estimate that the gate corrects
 * after the call; pictures and sounds are left to that.
 */
export function estimateTokens(call: ModelCall): number {
  const promptTokens = Math.ceil(charactersOf(call) / CHARACTERS_PER_TOKEN);
  if (call.kind !== 'chat') return promptTokens;
  return promptTokens + (call.parameters.maxOutputTokens ?? ANSWER_TOKENS);
}

function charactersOf(call: ModelCall): number {
  switch (call.kind) {
    case 'chat':
      return sum(call.messages.map(({ content }) => contentCharacters(content)));
    case 'embed':
      return sum(call.texts.map((text) => text.length));
    case 'rerank':
      return sum(call.documents.map((text) => call.query.length + text.length));
    case 'classify':
    case 'summarize':
      return call.text.length;
    case 'image':
      return call.prompt.length;
    case 'moderate':
    case 'transcribe':
      return 0;
  }
}

type Content = Extract<ModelCall, { kind: 'chat' }>['messages'][number]['content'];

function contentCharacters(content: Content): number {
  if (typeof content === 'string') return content.length;
  return sum(content.map((part) => (part.type === 'text' ? part.text.length : 0)));
}

function sum(counts: readonly number[]): number {
  return counts.reduce((total, count) => total + count, 0);
}
