import { describeAdapterContract } from '../contract.ts';
import { calls, chatCall, envelope, makeAdapter, results, secretKey } from './support.ts';
import { reply } from '../calling.ts';

const queuedReply = reply(200, envelope(results.queued));

describeAdapterContract('workers-ai', makeAdapter, {
  exchanges: [
    { call: chatCall(), reply: reply(200, envelope(results.chat)) },
    { call: chatCall({ execution: 'batch' }), reply: queuedReply },
    { call: calls.classify, reply: reply(200, envelope(results.classify)) },
    { call: calls.sentiment, reply: reply(200, envelope(results.sentiment)) },
    { call: calls.embed, reply: reply(200, envelope(results.embed)) },
    { call: { ...calls.embed, execution: 'batch' }, reply: queuedReply },
    { call: calls.rerank, reply: reply(200, envelope(results.rerank)) },
    { call: calls.image, reply: reply(200, envelope(results.image)) },
    { call: calls.transcribe, reply: reply(200, envelope(results.transcribe)) },
    { call: calls.moderate, reply: reply(200, envelope(results.moderate)) },
  ],
  secrets: [secretKey],
  pending: {
    ticket: { providerJobId: results.queued.request_id, data: null },
    call: chatCall({ execution: 'batch' }),
  },
});
