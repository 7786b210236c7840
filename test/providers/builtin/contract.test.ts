import type { ModelCall } from '../../../src/domain/model/model-call.ts';
import { makeBuiltin } from '../../../src/providers/builtin/builtin.ts';
import { compute } from '../../../src/providers/builtin/compute.ts';
import { toWire } from '../../../src/providers/builtin/wire.ts';
import { describeAdapterContract } from '../contract.ts';

const text = 'The database was slow on Monday. Nobody was told of it until noon.';
const calls: readonly ModelCall[] = [
  { kind: 'embed', model: 'hashed-embedding-1', texts: [text], dimensions: 64 },
  {
    kind: 'classify',
    model: 'keyword-topics-1',
    text,
    labels: [{ label: 'database' }, { label: 'billing' }],
    topN: 2,
  },
  { kind: 'rerank', model: 'bm25-rank-1', query: 'slow', documents: [text, 'noon'], topN: 2 },
  { kind: 'summarize', model: 'extractive-summary-1', text, maxSentences: 1 },
  { kind: 'moderate', model: 'wordlist-moderation-1', text },
];

describeAdapterContract('builtin', makeBuiltin, {
  exchanges: calls.map((call) => ({ call, reply: compute(toWire(call)) })),
  secrets: [],
});
