import { describe, expect, test } from 'vitest';

import type { Failure } from '../../../src/domain/job/failure.ts';
import type { ModelCall, Spent } from '../../../src/domain/model/model-call.ts';
import type { ProjectPrice } from '../../../src/domain/model/price.ts';
import { extentOf } from '../../../src/pricing/extent.ts';
import type { Prices } from '../../../src/services/ports/prices.ts';
import type { Attempt, ExecuteDeps } from '../../../src/services/run/attempt.ts';
import { callFacts, type CallFacts } from '../../../src/services/run/facts.ts';
import { pricingOf } from '../../../src/services/run/calls/pricing-of.ts';
import type { ResolvedCall } from '../../../src/services/run/calls/resolve-call.ts';
import { someFile } from '../../providers/calling.ts';

const chat: ModelCall = {
  kind: 'chat',
  model: 'gpt-4o-mini',
  messages: [{ role: 'user', content: 'Hello' }],
  parameters: {},
  output: { kind: 'text' },
};

const price: ProjectPrice = {
  id: 'prc_1',
  provider: 'openai',
  model: '*',
  execution: 'standard',
  prices: { million_input_tokens: '1', million_output_tokens: '1' },
  effectiveFromMs: 0,
  effectiveToMs: null,
  createdAtMs: 0,
  createdBy: 'key_1',
};

type Asked = {
  readonly list: Prices['list'] | null;
  readonly local?: boolean;
  readonly call?: ModelCall;
};

async function ask({ list, local = false, call = chat }: Asked) {
  const logged: unknown[] = [];
  const deps = {
    ...(list === null ? {} : { prices: { list } }),
    // The wait for prices is over at once, but not before an answer that is there.
    machine: { wait: () => new Promise((resolve) => setImmediate(resolve)) },
    log: (...line: unknown[]) => logged.push(line),
  };
  const attempt = { job: { jobId: 'job_1', project: 'prj_1' }, work: { key: 'a#1' } };
  const resolved = { adapter: { capabilities: { local } }, call };
  // oxlint-disable typescript/no-unsafe-type-assertion -- what the price does not depend on is left out
  const pricing = await pricingOf(
    deps as unknown as ExecuteDeps,
    attempt as unknown as Attempt,
    resolved as unknown as ResolvedCall,
  );
  // oxlint-enable typescript/no-unsafe-type-assertion
  return { pricing, logged };
}

const unasked = () => Promise.reject(new Error('asked'));

describe('what a price depends on', () => {
  test('the prices of the project that the job is in', async () => {
    const asked: unknown[] = [];
    const { pricing } = await ask({
      list: async (project) => {
        asked.push(project);
        return [price];
      },
    });
    expect(asked).toEqual(['prj_1']);
    expect(pricing).toEqual({ execution: 'standard', extent: 'plain', projectPrices: [price] });
  });

  test('nothing is asked for what runs inside the Worker, or where there are no prices', async () => {
    expect((await ask({ list: unasked, local: true })).pricing.projectPrices).toEqual([]);
    expect((await ask({ list: null })).pricing.projectPrices).toEqual([]);
  });

  test('prices that cannot be read, or not in time, are unknown; the result is not lost', async () => {
    const broken = await ask({ list: () => Promise.reject(new Error('no such table: secret')) });
    expect(broken.pricing.projectPrices).toBeNull();
    expect(broken.logged).toMatchObject([['warn', 'prices.unread', { job_id: 'job_1' }]]);
    expect(JSON.stringify(broken.logged)).not.toContain('secret');
    const slow = await ask({ list: () => new Promise(() => {}) });
    expect(slow.pricing.projectPrices).toBeNull();
  });

  test('a batch is one', async () => {
    const { pricing } = await ask({ list: null, call: { ...chat, execution: 'batch' } });
    expect(pricing.execution).toBe('batch');
  });
});

describe('how far a call goes beyond the plain', () => {
  const transcribe: ModelCall = { kind: 'transcribe', model: 'm', audio: someFile('audio/mpeg') };
  test.each<[string, ModelCall]>([
    ['plain', chat],
    ['plain', transcribe],
    ['extras', { ...transcribe, diarize: true }],
    ['extras', { ...chat, options: { top_k: 5 } }],
    ['extras', { ...chat, options: { service_tier: 'default' } }],
    ['extras', { ...chat, options: { tools: [{ type: 'function', function: { name: 'a' } }] } }],
    ['extras', { ...chat, options: { tools: [{ functionDeclarations: [] }] } }],
    ['special', { ...chat, options: { service_tier: 'flex' } }],
    ['special', { ...chat, options: { serviceTier: 7 } }],
    ['special', { ...chat, options: { speed: 'fast' } }],
    ['special', { ...chat, options: { inference_geo: 'us' } }],
    ['special', { ...chat, options: { tools: [{ type: 'web_search_20250305' }] } }],
    ['special', { ...chat, options: { tools: [{ googleSearch: {} }] } }],
    ['special', { ...chat, options: { tools: 'all' } }],
  ])('%s', (extent, call) => {
    expect(extentOf(call)).toBe(extent);
  });
});

const facts: CallFacts = {
  target: { provider: 'openai', model: 'gpt-4o-mini' },
  local: false,
  startedAtMs: Date.parse('2026-11-22T12:00:00Z'),
  endedAtMs: Date.parse('2026-11-22T12:00:01Z'),
  requestSha256: 'ab',
  codeVersion: 1,
  finishReason: null,
  dropped: [],
};

const spent: Spent = {
  usage: { inputTokens: 1_000, outputTokens: 100 },
  rawUsage: null,
  returnedModel: 'gpt-4o-mini',
  providerRequestId: null,
};

function failed(phase: Failure['phase']): Failure {
  return { class: 'provider_internal', phase, message: 'it failed' };
}

describe('what an attempt is charged', () => {
  const listed = { costNanoUsd: 210_000, priceVersion: 'genai-prices/0.1.8' };
  const unknown = { costNanoUsd: null, priceVersion: 'genai-prices/0.1.8' };

  test('what was used, also when it failed', () => {
    expect(callFacts(facts, spent, null)).toMatchObject(listed);
    expect(callFacts(facts, spent, failed('finished'))).toMatchObject(listed);
    expect(callFacts(facts, spent, failed('rejected'))).toMatchObject(listed);
  });

  test('nothing, for what was refused before any work', () => {
    for (const phase of ['not_sent', 'rejected'] as const) {
      const charged = { costNanoUsd: 0, priceVersion: 'not_charged' };
      expect(callFacts(facts, null, failed(phase))).toMatchObject(charged);
    }
  });

  test('an unknown amount, when nobody knows how far the work went', () => {
    for (const phase of ['unknown', 'accepted', 'finished'] as const) {
      expect(callFacts(facts, null, failed(phase))).toMatchObject(unknown);
    }
  });

  test('what the provider reports, and before that what the project has agreed', () => {
    const reported = { ...spent, reportedCostNanoUsd: 123 };
    const version = (call: CallFacts) => callFacts(call, reported, null).priceVersion;
    expect(callFacts(facts, reported, null)).toMatchObject({ costNanoUsd: 123 });
    expect(version(facts)).toBe('reported');
    expect(version({ ...facts, pricing: { projectPrices: [price] } })).toBe('project/prc_1');
    expect(version({ ...facts, pricing: { projectPrices: null } })).toBe('reported');
  });

  test('half in a batch, and what is not known in another tier', () => {
    const batch = { ...facts, pricing: { execution: 'batch' as const } };
    expect(callFacts(batch, spent, null).costNanoUsd).toBe(105_000);
    const special = { ...facts, pricing: { extent: 'special' as const } };
    expect(callFacts(special, spent, null)).toMatchObject(unknown);
  });
});
