import { readFileSync } from 'node:fs';

import { calcPrice, waitForUpdate } from '@pydantic/genai-prices';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { fractionOf, nanoUsdOf } from '../../src/pricing/fraction.ts';
import { LISTED_VERSION, listedCard } from '../../src/pricing/listed-prices.ts';
import { OWN_VERSION, ownPrices } from '../../src/pricing/own-prices.ts';
import { priceCall } from '../../src/pricing/price-call.ts';
import { matchesModel } from '../../src/pricing/project-card.ts';
import { billNanoUsd, ratesOf } from '../../src/pricing/rate-card.ts';

const now = Date.parse('2026-11-22T12:00:00Z');
const count = fc.nat({ max: 1_000_000_000 });
const dollars = fc
  .tuple(fc.nat({ max: 999 }), fc.nat({ max: 999_999 }))
  .map(([whole, millionths]) => `${whole}.${String(millionths).padStart(6, '0')}`);

describe('money', () => {
  test.each([
    ['0', 0],
    ['2.5', 2_500_000_000],
    ['1e-7', 100],
    ['1.5e3', 1_500_000_000_000],
    ['0.0000000005', 1],
    ['0.00000000049999', 0],
    ['9007199.254740991', Number.MAX_SAFE_INTEGER],
    ['9007199.254740992', null],
  ])('%s dollars are %s nano-dollars', (text, nanoUsd) => {
    const fraction = fractionOf(text);
    expect(fraction && nanoUsdOf(fraction)).toBe(nanoUsd);
  });

  test.each(['', '-1', '1.', '.5', '1,5', 'NaN', 'Infinity', '1e9999', '0x10', ' 1'])(
    '%j is no price',
    (text) => {
      expect(fractionOf(text)).toBeNull();
    },
  );

  test('a bill is the exact sum, rounded once: its parts, rounded each, differ by half of one each at the most', () => {
    fc.assert(
      fc.property(dollars, dollars, dollars, count, count, count, (a, b, c, x, y, z) => {
        const prices = { million_input_tokens: a, million_output_tokens: b, audio_hour: c };
        const card = { version: 'test', rates: ratesOf(prices) };
        const parts = [{ inputTokens: x }, { outputTokens: y }, { audioMs: z }];
        const whole = billNanoUsd(card, Object.assign({}, ...parts));
        const sum = parts.reduce((total, part) => total + (billNanoUsd(card, part) ?? 0), 0);
        expect(whole === null || Math.abs(whole - sum) <= 1.5).toBe(true);
      }),
    );
  });

  test('a bill of tokens is the one of whole numbers', () => {
    fc.assert(
      fc.property(dollars, dollars, count, count, (a, b, x, y) => {
        const prices = { million_input_tokens: a, million_output_tokens: b };
        // A millionth of a dollar for a million tokens is a thousandth of a nano-dollar for one.
        const thousandths = [a, b].map((text) => BigInt(text.replace('.', '')));
        const exact = (thousandths[0] ?? 0n) * BigInt(x) + (thousandths[1] ?? 0n) * BigInt(y);
        const usage = { inputTokens: x, outputTokens: y };
        const bill = billNanoUsd({ version: 'test', rates: ratesOf(prices) }, usage);
        expect(bill).toBe(x + y === 0 ? null : Number((exact + 500n) / 1_000n));
      }),
    );
  });

  test('no usage, however large, gives a wrong number', () => {
    const usage = { inputTokens: 123_456_789_012, outputTokens: 987_654_321 };
    // 123,456,789,012 × 150 + 987,654,321 × 600, of gpt-4o-mini's $0.15 and $0.60.
    const call = { provider: 'openai', model: 'gpt-4o-mini', local: false, usage };
    expect(priceCall(call, now).costNanoUsd).toBe(19_111_110_944_400);
  });
});

describe('the bundled list', () => {
  test('is the installed one', () => {
    const url = new URL('../../node_modules/@pydantic/genai-prices/package.json', import.meta.url);
    const { version } = JSON.parse(readFileSync(url, 'utf8')) as { version: string };
    expect(LISTED_VERSION).toBe(`genai-prices/${version}`);
  });

  const ids = {
    openai: 'openai',
    anthropic: 'anthropic',
    google: 'google',
    groq: 'groq',
    mistral: 'mistral',
    cohere: 'cohere',
    together: 'together',
    'workers-ai': 'cloudflare',
    voyage: 'voyageai',
  };

  test('gives what its own calculator gives, but for the rounding', async () => {
    const usage = { inputTokens: 150_123, cacheReadTokens: 51_001, outputTokens: 1_234 };
    const theirs = { input_tokens: 201_124, cache_read_tokens: 51_001, output_tokens: 1_234 };
    const providers = (await waitForUpdate()) ?? [];
    let compared = 0;
    for (const [provider, providerId] of Object.entries(ids)) {
      const { models = [] } = providers.find(({ id }) => id === providerId) ?? {};
      for (const { id } of models) {
        const card = listedCard(provider, id, now);
        const cost = card === null ? null : billNanoUsd(card, usage);
        const oracle = calcPrice(theirs, id, { providerId, timestamp: new Date(now) });
        if (cost === null || oracle === null) continue;
        expect(Math.abs(cost - oracle.total_price * 1e9), `${provider} ${id}`).toBeLessThan(2);
        compared += 1;
      }
    }
    expect(compared).toBeGreaterThan(60);
  });

  test('any name of a model is unknown or known, and never a defect', () => {
    fc.assert(
      fc.property(fc.constantFrom(...Object.keys(ids)), fc.string(), (provider, model) => {
        expect(() => listedCard(provider, model, now)).not.toThrow();
      }),
    );
  });
});

describe('our own table', () => {
  test('states where and when each price was read, in order, and is named by its day', () => {
    for (const { effectiveFrom, readOn, source, models } of ownPrices) {
      expect(source).toMatch(/^https:\/\//);
      expect(models.length).toBeGreaterThan(0);
      expect(Date.parse(effectiveFrom)).toBeLessThanOrEqual(Date.parse(readOn));
      expect(Date.parse(readOn)).toBeLessThanOrEqual(Date.parse(OWN_VERSION.replace('own/', '')));
    }
  });

  test('has one price of a model at a time', () => {
    const names = ownPrices
      .filter(({ effectiveTo }) => effectiveTo === undefined)
      .flatMap(({ provider, models }) => models.map((model) => `${provider} ${model}`));
    expect(new Set(names).size).toBe(names.length);
  });

  test('says nothing of the time before a price was in force', () => {
    const call = { provider: 'assemblyai', model: 'universal-2', local: false };
    const before = Date.parse('2026-10-06T23:59:59Z');
    expect(priceCall({ ...call, usage: { audioMs: 1_000 } }, before).costNanoUsd).toBeNull();
  });
});

test.each([
  ['gpt-4o', 'gpt-4o', true],
  ['gpt-4o', 'gpt-4o-mini', false],
  ['gpt-*', 'gpt-', true],
  ['*-mini', 'gpt-4o-mini', true],
  ['*-mini', 'gpt-4o-mini-x', false],
  ['a*b*a', 'aba', true],
  ['a*a', 'a', false],
  ['a.c', 'abc', false],
  ['*', '', true],
  ['**', 'x', true],
])('the pattern %s and the model %s', (pattern, model, fits) => {
  expect(matchesModel(pattern, model)).toBe(fits);
});
