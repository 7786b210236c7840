import { describeAdapterContract } from '../contract.ts';
import { exchanges } from '../openai-compatible/exchanges.ts';
import { reply } from '../calling.ts';
import { secretKey } from '../openai-compatible/support.ts';
import { backgroundCall, makeAdapter, response, ticket } from './support.ts';

describeAdapterContract('openai', (fetch) => makeAdapter({ fetch }), {
  exchanges: [
    ...exchanges,
    { call: backgroundCall(), reply: reply(200, response('queued', { output: [] })) },
  ],
  secrets: [secretKey],
  pending: { ticket, call: backgroundCall() },
});
