import { calcPrice, extractUsage, findProvider } from '@pydantic/genai-prices';
import * as fc from 'fast-check';
import { expect, test } from 'vitest';

import type { JsonObject } from '../../src/domain/json.ts';
import type { ModelCall } from '../../src/domain/model/model-call.ts';
import { priceCall } from '../../src/pricing/price-call.ts';
import { makeRegistry } from '../../src/providers/registry.ts';

/**
 * From the provider's own words to nano-dollars, beside the price data's own reading of the same reply: the usage in
 * buckets by our adapters, and the bill over them, against its extractors and its calculator.
 */
const now = Date.parse('2026-11-22T12:00:00Z');
const { adapters } = makeRegistry(
  (name) => (name.endsWith('_KEY') ? 'a-key-of-nobody' : undefined),
  () => Promise.reject(new Error('this test makes no call')),
);

const count = fc.nat({ max: 120_000 });
const counts = fc.tuple(count, count, count, count, count);
type Counts = readonly [number, number, number, number, number];

type Oracle = {
  readonly provider: string;
  readonly model: string;
  readonly flavor: string;
  /** A reply that says that so much was used. */
  readonly reply: (model: string, used: Counts) => JsonObject;
};

const oracles: readonly Oracle[] = [
  {
    provider: 'openai',
    model: 'gpt-5',
    flavor: 'chat',
    reply: (model, [fresh, cached, text, reasoning]) => ({
      model,
      choices: [{ index: 0, finish_reason: 'stop', message: { role: 'assistant', content: 'Hi' } }],
      usage: {
        prompt_tokens: fresh + cached,
        prompt_tokens_details: { cached_tokens: cached },
        completion_tokens: text + reasoning,
        completion_tokens_details: { reasoning_tokens: reasoning },
        total_tokens: fresh + cached + text + reasoning,
      },
    }),
  },
  {
    provider: 'anthropic',
    model: 'claude-sonnet-4-5',
    flavor: 'default',
    reply: (model, [fresh, read, minutes, hour, output]) => ({
      type: 'message',
      model,
      content: [{ type: 'text', text: 'Hi' }],
      stop_reason: 'end_turn',
      usage: {
        input_tokens: fresh,
        cache_read_input_tokens: read,
        cache_creation_input_tokens: minutes + hour,
        cache_creation: { ephemeral_5m_input_tokens: minutes, ephemeral_1h_input_tokens: hour },
        output_tokens: output,
      },
    }),
  },
  {
    provider: 'google',
    model: 'gemini-2.5-pro',
    flavor: 'default',
    reply: (model, [fresh, cached, text, thoughts]) => ({
      modelVersion: model,
      candidates: [{ content: { parts: [{ text: 'Hi' }] }, finishReason: 'STOP' }],
      usageMetadata: {
        promptTokenCount: fresh + cached,
        cachedContentTokenCount: cached,
        candidatesTokenCount: text,
        thoughtsTokenCount: thoughts,
        totalTokenCount: fresh + cached + text + thoughts,
      },
    }),
  },
];

function ourCost({ provider, model }: Oracle, body: JsonObject): number | null {
  const call: ModelCall = {
    kind: 'chat',
    model,
    messages: [{ role: 'user', content: 'Hello' }],
    parameters: {},
    output: { kind: 'text' },
  };
  const outcome = adapters.get(provider)?.normalizeOutput({ status: 200, headers: {}, body }, call);
  const usage = outcome?.kind === 'done' ? outcome.reply.usage : null;
  return priceCall({ provider, model, local: false, usage }, now).costNanoUsd;
}

function theirCost({ provider, model, flavor }: Oracle, body: JsonObject): number {
  const found = findProvider({ providerId: provider });
  if (found === undefined) throw new Error(`${provider} is not in the price data`);
  const { usage } = extractUsage(found, body, flavor);
  const price = calcPrice(usage, model, { providerId: provider, timestamp: new Date(now) });
  return (price?.total_price ?? Number.NaN) * 1e9;
}

test.each(oracles)('$provider: the same bill as the price data makes of its reply', (oracle) => {
  fc.assert(
    fc.property(counts, (used) => {
      const body = oracle.reply(oracle.model, used);
      const theirs = theirCost(oracle, body);
      const ours = ourCost(oracle, body);
      // Nothing used is nothing known with us, and nothing to pay with them.
      expect(Math.abs((ours ?? 0) - theirs)).toBeLessThanOrEqual(1);
      expect(ours === null).toBe(theirs === 0);
    }),
  );
});
