import { describeAdapterContract } from '../contract.ts';
import {
  falKey,
  imageCall,
  imageResult,
  makeAdapter,
  queued,
  ticket,
  transcribeCall,
} from './support.ts';
import { reply } from '../calling.ts';

const image = imageCall({ execution: 'background' });

describeAdapterContract('fal', (fetch) => makeAdapter(fetch), {
  exchanges: [
    { call: image, reply: reply(200, queued) },
    { call: image, reply: reply(200, imageResult) },
    {
      call: transcribeCall({ execution: 'background', timestamps: 'segment' }),
      reply: reply(200, {
        text: 'Good morning.',
        chunks: [{ timestamp: [0, 1.5], text: ' Good morning.', speaker: 'SPEAKER_0' }],
        inferred_languages: ['en'],
      }),
    },
  ],
  secrets: [falKey],
  pending: { ticket, call: image },
});
