import { describeAdapterContract } from '../contract.ts';
import {
  apiToken,
  imageCall,
  makeAdapter,
  prediction,
  ticket,
  transcribeCall,
  webhookSecret,
} from './support.ts';
import { reply } from '../calling.ts';

const image = imageCall({ execution: 'background' });

describeAdapterContract('replicate', (fetch) => makeAdapter(fetch), {
  exchanges: [
    { call: image, reply: reply(201, prediction('starting')) },
    {
      call: image,
      reply: reply(
        200,
        prediction('succeeded', {
          output: ['https://replicate.delivery/xezq/a/out-0.webp'],
          metrics: { predict_time: 1.25, total_time: 3 },
        }),
      ),
    },
    { call: image, reply: reply(201, prediction('processing')) },
    {
      call: transcribeCall({ execution: 'background', timestamps: 'segment' }),
      reply: reply(
        200,
        prediction('succeeded', {
          output: {
            detected_language: 'english',
            transcription: ' Good morning.',
            segments: [{ id: 0, start: 0, end: 1.5, text: ' Good morning.' }],
          },
          metrics: { predict_time: 2 },
        }),
      ),
    },
  ],
  secrets: [apiToken, webhookSecret],
  pending: { ticket, call: image },
});
