import type { ModelCall } from '../../../src/domain/model/model-call.ts';
import { describeAdapterContract } from '../contract.ts';
import { someFile } from '../calling.ts';
import { documentedSettings, makeService, reply, secretKey, serviceOf } from './support.ts';

const documented = documentedSettings();

describeAdapterContract(
  'a plain service',
  (fetch) => makeService(documented['own-embeddings'], fetch),
  {
    exchanges: [
      {
        call: { kind: 'embed', model: 'm', texts: ['one', 'two'] },
        reply: reply([
          [0.1, 0.2],
          [0.3, 0.4],
        ]),
      },
    ],
    secrets: [],
  },
);

const picture: ModelCall = {
  kind: 'image',
  model: 'm',
  prompt: 'a cat',
  count: 1,
  execution: 'background',
};

describeAdapterContract(
  'a service with a queue',
  (fetch) => makeService(documented['painter'], fetch),
  {
    exchanges: [{ call: picture, reply: reply({ id: 'pic_1', state: 'waiting' }, 202) }],
    secrets: [secretKey],
    pending: { ticket: { providerJobId: 'pic_1', data: null }, call: picture },
  },
);

const everything = serviceOf(
  {
    chat: {
      submit: { path: '/chat', body: { messages: '${{ call.messages }}' } },
      result: { text: 'text', finish_reason: 'why' },
      usage: { input_tokens: 'tokens.in', output_tokens: 'tokens.out' },
    },
    classify: {
      submit: { path: '/label', body: { text: '${{ call.text }}', labels: '${{ call.labels }}' } },
      result: { label: 'labels[*].name', score: 'labels[*].value' },
    },
    rerank: {
      submit: {
        path: '/rank',
        body: { query: '${{ call.query }}', texts: '${{ call.documents }}' },
      },
      result: { index: 'hits[*].at', score: 'hits[*].value' },
    },
    summarize: {
      submit: { path: '/shorten', body: '${{ call.text }}' },
      result: { summary: '$' },
    },
    transcribe: {
      submit: { path: '/listen?model=${{ call.model }}', file: { $file: 'call.audio' } },
      result: { text: 'text', duration_seconds: 'seconds' },
      usage: { audio_ms: { path: 'seconds', times: 1000 } },
    },
    moderate: {
      submit: { path: '/judge', form: { text: '${{ call.text }}' } },
      result: {
        flagged: 'bad',
        categories: { category: 'scores[*].name', score: 'scores[*].value' },
      },
    },
  },
  { secret_name: 'OWN_KEY', auth_header: 'X-Api-Key' },
);

describeAdapterContract(
  'a service of every other kind',
  (fetch) => makeService(everything, fetch),
  {
    exchanges: [
      {
        call: {
          kind: 'chat',
          model: 'm',
          messages: [{ role: 'user', content: 'Hello' }],
          parameters: {},
          output: { kind: 'text' },
        },
        reply: reply({ text: 'Hi', why: 'stop', tokens: { in: 3, out: 1 } }),
      },
      {
        call: { kind: 'classify', model: 'm', text: 'x', labels: [{ label: 'a' }], topN: 1 },
        reply: reply({ labels: [{ name: 'a', value: 0.9 }] }),
      },
      {
        call: { kind: 'rerank', model: 'm', query: 'q', documents: ['d'], topN: 1 },
        reply: reply({ hits: [{ at: 0, value: 0.5 }] }),
      },
      {
        call: { kind: 'summarize', model: 'm', text: 'One. Two.', maxSentences: 1 },
        reply: { status: 200, headers: {}, body: 'One.' },
      },
      {
        call: { kind: 'transcribe', model: 'm', audio: someFile('audio/mpeg') },
        reply: reply({ text: 'Hello', seconds: 2.5 }),
      },
      {
        call: { kind: 'moderate', model: 'm', text: 'x' },
        reply: reply({ bad: false, scores: [{ name: 'hate', value: 0.1 }] }),
      },
    ],
    secrets: [secretKey],
  },
);
