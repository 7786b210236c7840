/** One call of each kind with the reply of a real provider, shortened. */
import type { ModelCall } from '../../../src/domain/model/model-call.ts';
import type { WireReply } from '../../../src/providers/port.ts';
import { someFile } from '../calling.ts';
import { chatCall, embedCall } from './support.ts';
import { reply } from '../calling.ts';

export type Exchange = { readonly call: ModelCall; readonly reply: WireReply };

const classifyCall: ModelCall = {
  kind: 'classify',
  model: 'gpt-4.1-mini',
  text: 'My card was charged twice.',
  labels: [{ label: 'billing' }, { label: 'bug' }],
  topN: 1,
};

const chatUsage = {
  prompt_tokens: 12,
  completion_tokens: 7,
  total_tokens: 19,
  prompt_tokens_details: { cached_tokens: 4, audio_tokens: 0 },
  completion_tokens_details: { reasoning_tokens: 2, audio_tokens: 0 },
};

const chatExchange: Exchange = {
  call: chatCall(),
  reply: completion('Hello Ada.'),
};

const classifyExchange: Exchange = {
  call: classifyCall,
  reply: completion('{"labels":[{"label":"billing","score":0.97}]}'),
};

export const embedExchange: Exchange = {
  call: embedCall(),
  reply: reply(200, {
    model: 'text-embedding-3-small',
    data: [
      { index: 0, embedding: [0.5, 0.25] },
      { index: 1, embedding: [0, 1] },
    ],
    usage: { prompt_tokens: 4, total_tokens: 4 },
  }),
};

export const imageExchange: Exchange = {
  call: { kind: 'image', model: 'gpt-image-1', prompt: 'a cat', count: 1 },
  reply: reply(200, {
    created: 1_790_000_000,
    output_format: 'png',
    data: [{ b64_json: 'iVBORw0KGgo=', revised_prompt: 'a grey cat' }],
    usage: {
      input_tokens: 60,
      input_tokens_details: { text_tokens: 10, image_tokens: 50 },
      output_tokens: 1056,
      total_tokens: 1116,
    },
  }),
};

export const transcribeExchange: Exchange = {
  call: { kind: 'transcribe', model: 'whisper-1', audio: someFile('audio/mpeg') },
  reply: reply(200, {
    text: 'Good morning.',
    language: 'english',
    duration: 2.4,
    segments: [{ id: 0, start: 0, end: 2.4, text: ' Good morning.' }],
    usage: { type: 'duration', seconds: 3 },
  }),
};

export const moderateExchange: Exchange = {
  call: { kind: 'moderate', model: 'omni-moderation-latest', text: 'words' },
  reply: reply(200, {
    id: 'modr-1',
    model: 'omni-moderation-latest',
    results: [
      {
        flagged: true,
        categories: { violence: true, hate: false },
        category_scores: { violence: 0.91, hate: 0.001 },
      },
    ],
  }),
};

export const exchanges: readonly Exchange[] = [
  chatExchange,
  classifyExchange,
  embedExchange,
  imageExchange,
  transcribeExchange,
  moderateExchange,
];

function completion(content: string): WireReply {
  return reply(200, {
    id: 'chatcmpl-1',
    model: 'gpt-4.1-mini-2025-04-14',
    choices: [
      {
        index: 0,
        message: { role: 'assistant', content, refusal: null },
        finish_reason: 'stop',
      },
    ],
    usage: chatUsage,
  });
}
