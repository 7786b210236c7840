import { describe, expect, test } from 'vitest';

import { priceCall, type PricedCall } from '../../src/pricing/price-call.ts';

/**
 * Bills calculated by hand from the figures of the providers' price pages: dollars for a million tokens are thousands
 * of nano-dollars for one. Every step of the arithmetic stands here, so that a bill can be checked with a pencil.
 */
const now = Date.parse('2026-11-22T12:00:00Z');

function bill(call: Omit<PricedCall, 'local'>) {
  return priceCall({ local: false, ...call }, now);
}

describe('bills calculated by hand', () => {
  test('1: OpenAI gpt-5-mini, a part of the prompt cached, most of the answer reasoning', () => {
    // https://developers.openai.com/api/docs/pricing, as of genai-prices 0.1.8: gpt-5-mini, for a million tokens:
    // input $0.25, cached input $0.025, output $2.00. Reasoning is charged as output.
    //   1,200 input     ×   250 =   300,000
    //   2,800 cached    ×    25 =    70,000
    //     150 text      × 2,000 =   300,000
    //   1,100 reasoning × 2,000 = 2,200,000
    //                             2,870,000 nano-dollars = $0.00287
    const usage = {
      inputTokens: 1_200,
      cacheReadTokens: 2_800,
      outputTokens: 150,
      reasoningTokens: 1_100,
    };
    expect(bill({ provider: 'openai', model: 'gpt-5-mini', usage })).toEqual({
      costNanoUsd: 2_870_000,
      priceVersion: 'genai-prices/0.1.8',
    });
  });

  test('2: Anthropic Sonnet 4.5, caches written for minutes and for an hour, and one read', () => {
    // https://platform.claude.com/docs/en/about-claude/pricing: claude-sonnet-4-5, for a million tokens: input $3,
    // cache write for 5 minutes $3.75, for an hour $6, cache read $0.30, output $15.
    //     12 input       ×  3,000 =      36,000
    //  2,048 5-min write ×  3,750 =   7,680,000
    //  4,096 1-h write   ×  6,000 =  24,576,000
    // 10,000 read        ×    300 =   3,000,000
    //    503 output      × 15,000 =   7,545,000
    //                                42,837,000 nano-dollars = $0.042837
    const usage = {
      inputTokens: 12,
      cacheWriteTokens: 2_048,
      cacheWriteHourTokens: 4_096,
      cacheReadTokens: 10_000,
      outputTokens: 503,
    };
    const { costNanoUsd } = bill({
      provider: 'anthropic',
      model: 'claude-sonnet-4-5-20250929',
      usage,
    });
    expect(costNanoUsd).toBe(42_837_000);
  });

  test('3: Gemini 2.5 Pro, a prompt over 200,000 tokens, with thoughts', () => {
    // https://ai.google.dev/gemini-api/docs/pricing, read 2026-09-20: "$1.25, prompts <= 200k tokens", "$2.50,
    // prompts > 200k tokens"; output, thinking included, $10 and $15; cached $0.125 and $0.25. The cached tokens
    // count for the length of the prompt: 190,000 + 10,001 = 200,001, and the higher price holds for all of it.
    //   190,000 input   ×  2,500 = 475,000,000
    //    10,001 cached  ×    250 =   2,500,250
    //     1,000 output  × 15,000 =  15,000,000
    //     2,000 thought × 15,000 =  30,000,000
    //                              522,500,250 nano-dollars = $0.52250025
    const usage = {
      inputTokens: 190_000,
      cacheReadTokens: 10_001,
      outputTokens: 1_000,
      reasoningTokens: 2_000,
    };
    const call = { provider: 'google', model: 'gemini-2.5-pro' };
    expect(bill({ ...call, usage }).costNanoUsd).toBe(522_500_250);
    // One token less, and everything is cheaper: 190,000 × 1,250 + 10,000 × 125 + 3,000 × 10,000 = 268,750,000.
    const shorter = { ...usage, cacheReadTokens: 10_000 };
    expect(bill({ ...call, usage: shorter }).costNanoUsd).toBe(268_750_000);
  });

  test('4: Anthropic Haiku 4.5 in a batch: half of everything, caches too', () => {
    // The same page: "The Batch API … with a 50% discount on both input and output tokens"; caching multipliers
    // stack with it. claude-haiku-4-5: input $1, 5-minute write $1.25, read $0.10, output $5.
    //   1,001 input ×  1,000 / 2 =   500,500
    //   2,000 write ×  1,250 / 2 = 1,250,000
    //   3,000 read  ×    100 / 2 =   150,000
    //     300 out   ×  5,000 / 2 =   750,000
    //                              2,650,500 nano-dollars
    const usage = {
      inputTokens: 1_001,
      cacheWriteTokens: 2_000,
      cacheReadTokens: 3_000,
      outputTokens: 300,
    };
    const call = { provider: 'anthropic', model: 'claude-haiku-4-5', usage };
    expect(bill({ ...call, execution: 'batch' }).costNanoUsd).toBe(2_650_500);
    expect(bill(call).costNanoUsd).toBe(2 * 2_650_500);
  });

  test('5: OpenAI text-embedding-3-small, rounded once, half up', () => {
    // https://developers.openai.com/api/docs/pricing: $0.02 for a million tokens, in a batch $0.01.
    //   8,191 × 20     = 163,820 nano-dollars
    //   8,191 × 20 / 2 =  81,910 nano-dollars
    const call = { provider: 'openai', model: 'text-embedding-3-small' };
    const usage = { inputTokens: 8_191 };
    expect(bill({ ...call, usage }).costNanoUsd).toBe(163_820);
    expect(bill({ ...call, usage, execution: 'batch' }).costNanoUsd).toBe(81_910);
  });

  test('6: whisper-1 by its length, and gpt-4o-transcribe by its tokens', () => {
    // https://developers.openai.com/api/docs/models/whisper-1: $0.006 a minute, which is $0.36 an hour.
    //   83.5 s = 83,500 ms × $0.006 / 60,000 ms = $0.00835 = 8,350,000 nano-dollars
    const whisper = { provider: 'openai', model: 'whisper-1', usage: { audioMs: 83_500 } };
    expect(bill(whisper).costNanoUsd).toBe(8_350_000);
    // https://developers.openai.com/api/docs/models/gpt-4o-transcribe: text in $2.50, audio in $6, text out $10.
    //     14 text  ×  2,500 =    35,000
    //    600 audio ×  6,000 = 3,600,000   (a minute: "estimated $0.006 / minute" is audio and text together)
    //    180 out   × 10,000 = 1,800,000
    //                         5,435,000 nano-dollars
    const usage = { inputTokens: 14, audioInputTokens: 600, outputTokens: 180 };
    const transcribe = { provider: 'openai', model: 'gpt-4o-transcribe', usage };
    expect(bill(transcribe).costNanoUsd).toBe(5_435_000);
  });

  test('7: OpenAI gpt-image-1.5, an image edited: text and an image in, an image out', () => {
    // https://developers.openai.com/api/docs/models/gpt-image-1.5, for a million tokens: text in $5, image in $8,
    // image out $32. The image itself is charged by its tokens alone.
    //      50 text  ×  5,000 =    250,000
    //     323 image ×  8,000 =  2,584,000
    //   1,056 out   × 32,000 = 33,792,000
    //                          36,626,000 nano-dollars
    const usage = { inputTokens: 50, imageInputTokens: 323, imageOutputTokens: 1_056, images: 1 };
    const call = { provider: 'openai', model: 'gpt-image-1.5', usage };
    expect(bill(call).costNanoUsd).toBe(36_626_000);
  });

  test('8: Cohere rerank-v3.5, three search units', () => {
    // https://cohere.com/pricing, as it was until June 2026: $2.00 for 1,000 searches; "a single search unit is one
    // query with up to 100 documents".
    //   3 × $0.002 = $0.006 = 6,000,000 nano-dollars
    const call = { provider: 'cohere', model: 'rerank-v3.5', usage: { searchUnits: 3 } };
    expect(bill(call)).toEqual({ costNanoUsd: 6_000_000, priceVersion: 'own/2026-11-22' });
  });

  test('9: Deepgram Nova-3 by the minute, on Workers AI, and AssemblyAI by the hour', () => {
    // https://developers.cloudflare.com/workers-ai/platform/pricing/: @cf/deepgram/nova-3 "$0.0052 per audio minute".
    //   90.007 s = 90,007 ms × $0.0052 / 60,000 ms = $0.0078006066… = 7,800,607 nano-dollars, rounded up
    const nova = { provider: 'workers-ai', model: '@cf/deepgram/nova-3' };
    expect(bill({ ...nova, usage: { audioMs: 90_007 } }).costNanoUsd).toBe(7_800_607);
    // https://www.assemblyai.com/pricing, read 2026-10-07: Universal-3.5 Pro "$0.21 /hr", by the second.
    //   125 s × $0.21 / 3,600 s = $0.00729166… = 7,291,667 nano-dollars
    const usage = { audioMs: 125_000 };
    const assembly = { provider: 'assemblyai', model: 'universal-3-5-pro', usage };
    expect(bill(assembly).costNanoUsd).toBe(7_291_667);
  });

  test('10: OpenRouter says itself what a call cost', () => {
    // `usage.cost` of its reply, in dollars: 0.00014375 = 143,750 nano-dollars. What its list says is not asked.
    const usage = { inputTokens: 1_000_000, outputTokens: 1_000_000 };
    const call = { provider: 'openrouter', model: 'openai/gpt-4o-mini', usage };
    expect(bill({ ...call, reportedCostNanoUsd: 143_750 })).toEqual({
      costNanoUsd: 143_750,
      priceVersion: 'reported',
    });
  });

  test('11: Groq charges ten seconds at the least', () => {
    // https://console.groq.com/docs/speech-to-text: whisper-large-v3-turbo $0.04 an hour, "Minimum billed length: 10
    // seconds".
    //   10 s × $0.04 / 3,600 s = $0.000111111… = 111,111 nano-dollars, for 3 seconds as well
    //   36 s × $0.04 / 3,600 s = $0.0004       = 400,000 nano-dollars
    const call = { provider: 'groq', model: 'whisper-large-v3-turbo' };
    expect(bill({ ...call, usage: { audioMs: 3_000 } }).costNanoUsd).toBe(111_111);
    expect(bill({ ...call, usage: { audioMs: 36_000 } }).costNanoUsd).toBe(400_000);
  });

  test('12: a price that changed on a day', () => {
    // https://developers.openai.com/api/docs/changelog: gpt-5.6-luna cost $1 and $6 until 2026-07-29, $0.20 and
    // $1.20 from then on.
    //   1,000 × 1,000 + 100 × 6,000 = 1,600,000;   1,000 × 200 + 100 × 1,200 = 320,000
    const usage = { inputTokens: 1_000, outputTokens: 100 };
    const call = { provider: 'openai', model: 'gpt-5.6-luna', local: false, usage };
    expect(priceCall(call, Date.parse('2026-07-29T23:59:59Z')).costNanoUsd).toBe(1_600_000);
    expect(priceCall(call, Date.parse('2026-07-30T00:00:00Z')).costNanoUsd).toBe(320_000);
  });
});
