import { describeAdapterContract } from '../contract.ts';
import {
  chatCall,
  classifyCall,
  content,
  embedCall,
  imageCall,
  makeAdapter,
  secretKey,
} from './support.ts';
import { reply } from '../calling.ts';

describeAdapterContract('google', makeAdapter, {
  exchanges: [
    { call: chatCall(), reply: reply(200, content([{ text: 'Hello Ada.' }])) },
    {
      call: classifyCall,
      reply: reply(200, content([{ text: '{"labels":[{"label":"billing","score":0.97}]}' }])),
    },
    {
      call: embedCall(),
      reply: reply(200, { embeddings: [{ values: [0.5, 0.25] }, { values: [0, 1] }] }),
    },
    {
      call: imageCall(),
      reply: reply(200, content([{ inlineData: { mimeType: 'image/png', data: 'iVBORw0KGgo=' } }])),
    },
  ],
  secrets: [secretKey],
});
