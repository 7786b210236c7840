import { describeAdapterContract } from '../contract.ts';
import { chatCall, embedCall, makeAdapter, reply, secretKey } from './support.ts';

const usage = {
  prompt_tokens: 12,
  completion_tokens: 7,
  total_tokens: 19,
  prompt_tokens_details: { cached_tokens: 4 },
  completion_tokens_details: { reasoning_tokens: 2 },
};

describeAdapterContract('openai-compatible', (fetch) => makeAdapter({ fetch }), {
  exchanges: [
    {
      call: chatCall(),
      reply: reply(200, {
        id: 'chatcmpl-1',
        model: 'gpt-4.1-mini-2025-04-14',
        choices: [
          {
            index: 0,
            message: { role: 'assistant', content: 'Hello Ada.', refusal: null },
            finish_reason: 'stop',
          },
        ],
        usage,
      }),
    },
    {
      call: embedCall(),
      reply: reply(200, {
        model: 'text-embedding-3-small',
        data: [
          { index: 0, embedding: [0.5, 0.25] },
          { index: 1, embedding: [0, 1] },
        ],
        usage: { prompt_tokens: 4, total_tokens: 4 },
      }),
    },
  ],
  secrets: [secretKey],
});
