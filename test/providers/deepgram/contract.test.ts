import { describeAdapterContract } from '../contract.ts';
import { accepted, apiKey, callbackUrl, listened, makeAdapter, transcribeCall } from './support.ts';
import { reply } from '../calling.ts';

const background = transcribeCall({ execution: 'background' });

describeAdapterContract('deepgram', (fetch) => makeAdapter(fetch), {
  exchanges: [
    { call: transcribeCall({ timestamps: 'word', diarize: true }), reply: reply(200, listened) },
    { call: background, reply: reply(200, accepted) },
  ],
  secrets: [apiKey],
  callbackUrl,
  pending: { ticket: { providerJobId: accepted.request_id, data: null }, call: background },
});
