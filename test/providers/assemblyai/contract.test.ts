import { describeAdapterContract } from '../contract.ts';
import {
  apiKey,
  completed,
  makeAdapter,
  ticket,
  transcribeCall,
  transcript,
  uploadUrl,
  webhookSecret,
} from './support.ts';
import { reply } from '../calling.ts';

const call = transcribeCall({ execution: 'background' });

describeAdapterContract('assemblyai', (fetch) => makeAdapter(fetch), {
  exchanges: [
    { call, reply: reply(200, transcript('queued')) },
    {
      call: transcribeCall({ execution: 'background', timestamps: 'word', diarize: true }),
      reply: reply(200, completed),
    },
  ],
  secrets: [apiKey, webhookSecret],
  prelude: (url) => (url.endsWith('/upload') ? Response.json({ upload_url: uploadUrl }) : null),
  pending: { ticket, call },
});
