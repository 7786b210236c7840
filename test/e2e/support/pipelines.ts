import type { JsonObject } from '../../../src/domain/json.ts';

/** A pipeline as it is published; the tests write what the door then checks. */
export type Definition = JsonObject & {
  readonly name: string;
  readonly steps: readonly JsonObject[];
};

/** Normalises a text: no model, no waiting. */
export function plainPipeline(name: string, more: JsonObject = {}): Definition {
  return {
    name,
    input: {
      schema: {
        type: 'object',
        required: ['text'],
        additionalProperties: false,
        properties: { text: { type: 'string', minLength: 1 } },
      },
    },
    steps: [{ id: 'clean', uses: 'text.normalize', with: { text: '${{ input.text }}' } }],
    output: { text: '${{ steps.clean.output.text }}' },
    ...more,
  };
}

export function openai(model: string): JsonObject {
  return { targets: [{ provider: 'openai', model }] };
}

/** Asks a model of the simulator the question in the input; what `step` says wins. */
export function chatPipeline(
  model: string,
  step: JsonObject = {},
  more: JsonObject = {},
): Definition {
  return {
    name: 'asks',
    steps: [
      {
        id: 'ask',
        uses: 'model.chat',
        route: openai(model),
        with: { messages: [{ role: 'user', content: '${{ input.question }}' }] },
        retry: { base_delay: '1ms' },
        ...step,
      },
    ],
    output: { answer: '${{ steps.ask.output.text }}' },
    ...more,
  };
}

/** A job of `chatPipeline`. */
export function question(text = 'How are you?'): JsonObject {
  return { pipeline: 'asks', input: { question: text } };
}

/** Asks the model about every item of the input's list. */
export function mapPipeline(model: string, step: JsonObject = {}): Definition {
  return {
    name: 'asks-all',
    steps: [
      {
        id: 'ask',
        uses: 'model.chat',
        route: openai(model),
        for_each: '${{ input.items }}',
        with: { messages: [{ role: 'user', content: '${{ item }}' }] },
        retry: { base_delay: '1ms' },
        ...step,
      },
    ],
    output: { answers: '${{ steps.ask.output.map(a, a.text) }}' },
  };
}

/** A job of `mapPipeline` over so many items. */
export function items(count: number): JsonObject {
  const list = Array.from({ length: count }, (_, index) => `item number ${index}`);
  return { pipeline: 'asks-all', input: { items: list } };
}
