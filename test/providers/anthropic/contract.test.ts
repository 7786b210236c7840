import { describeAdapterContract } from '../contract.ts';
import { batch, chatCall, classifyCall, makeAdapter, message, secretKey } from './support.ts';
import { reply } from '../calling.ts';

const labels = '{"labels":[{"label":"billing","score":0.97}]}';
const queued = { providerJobId: 'msgbatch_01', data: null };

describeAdapterContract('anthropic', makeAdapter, {
  exchanges: [
    { call: chatCall(), reply: reply(200, message()) },
    { call: chatCall({ execution: 'batch' }), reply: reply(200, batch()) },
    {
      call: classifyCall,
      reply: reply(200, message({ content: [{ type: 'text', text: labels }] })),
    },
    {
      call: { ...classifyCall, execution: 'batch' },
      reply: reply(200, {
        custom_id: 'abc',
        result: {
          type: 'succeeded',
          message: message({ content: [{ type: 'text', text: labels }] }),
        },
      }),
    },
  ],
  secrets: [secretKey],
  pending: { ticket: queued, call: chatCall({ execution: 'batch' }) },
});
